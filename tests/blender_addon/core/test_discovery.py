"""Farms are found on the network: against the real announcer, and against what a hostile network says."""

from __future__ import annotations

import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from flamenco_addon.core import discovery
from flamenco_addon.core.discovery import BadMessage, Farm, Heard, find_farms, name_at, question, read
from flamenco_client.errors import Canceled
from flamenco_client.progress import Progress
from flamenco_server.announcing import announced
from hypothesis import given
from hypothesis import strategies as st
from processes import free_port
from zeroconf import DNSIncoming


def test_a_server_that_announces_itself_is_found() -> None:
    one, other = free_port(), free_port()
    announcers = [
        announced("0.0.0.0", one, f"Flamenco on a.b {one}"),
        announced("127.0.0.1", other, f"Behind a proxy {other}", f"https://farm.studio:{other}/"),
    ]
    with ThreadPoolExecutor() as threads, ExitStack() as stack:  # each waits some seconds for others of its name
        list(threads.map(lambda announcer: announcer.__enter__(), announcers))
        for announcer in announcers:
            stack.push(announcer.__exit__)
        found = {farm.name: farm.address for farm in find_farms()}
    assert found[f"Flamenco on a.b {one}"].endswith(f":{one}")
    assert found[f"Behind a proxy {other}"] == f"https://farm.studio:{other}"


def test_the_question_is_one_that_announcers_understand() -> None:
    asked = DNSIncoming(question())
    assert [(each.name, each.type, each.class_) for each in asked.questions] == [
        ("_flamenco-server._tcp.local.", 12, 1)
    ]


def test_looking_can_be_canceled() -> None:
    with pytest.raises(Canceled):
        find_farms(Progress(canceled=lambda: True))


def test_a_network_that_forbids_it_has_no_farms(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovery, "GROUP", "not.an.address.invalid")
    assert find_farms(seconds=0.1) == []


def answer(*records: bytes) -> bytes:
    return b"\0\0\x84\0\0\0" + len(records).to_bytes(2, "big") + b"\0\0\0\0" + b"".join(records)


def name(text: str) -> bytes:
    return b"".join(bytes([len(label)]) + label.encode() for label in text.split(".")) + b"\0"


def record(owner: str, kind: int, data: bytes) -> bytes:
    return name(owner) + kind.to_bytes(2, "big") + b"\0\x01\0\0\0\x78" + len(data).to_bytes(2, "big") + data


FARM = f"atlas.{discovery.SERVICE}"


def told(*records: bytes) -> list[Farm]:
    heard = Heard()
    read(answer(*records), heard)
    return heard.farms()


def test_an_answer_is_read() -> None:
    pointer = record(discovery.SERVICE, 12, name(FARM))
    place = record(FARM.upper(), 33, b"\0\0\0\0\x1f\x90" + name("atlas.local"))
    address = record("ATLAS.local", 1, bytes([192, 168, 1, 10]))
    assert told(pointer, place, address) == [Farm("atlas", "http://192.168.1.10:8080")]
    assert told(pointer, address) == []
    assert told(place, address) == []


@pytest.mark.parametrize("url", ["javascript:alert(1)", "file:///x", "http://a b", "http://x'$(x)"])
def test_an_address_that_is_none_is_not_offered(url: str) -> None:
    text = f"url={url}".encode()
    assert told(record(discovery.SERVICE, 12, name(FARM)), record(FARM, 16, bytes([len(text)]) + text)) == []


def test_names_that_go_round_end() -> None:
    for message in (b"\xc0\x00", b"\x01a\xc0\x00", b"\xc0\x02\xc0\x00"):
        with pytest.raises(BadMessage):
            name_at(message, 0)
    with pytest.raises(BadMessage):
        name_at(b"\x3f" + b"x" * 63 + b"\x3f" * 2 + b"x" * 62 + b"\x3f" * 400, 0)


@given(st.binary(max_size=200) | st.binary(max_size=100).map(lambda data: b"\0\0\x84\0\0\0\0\x05\0\0\0\0" + data))
def test_noise_on_the_network_is_no_farm(message: bytes) -> None:
    heard = Heard()
    try:
        read(message, heard)
    except BadMessage:
        return
    assert heard.farms() == []


def test_who_answers_with_noise_stops_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as noisy:
        noisy.bind(("127.0.0.1", 0))
        noisy.settimeout(10)

        def talk() -> None:
            _, asker = noisy.recvfrom(9000)
            for message in (b"", b"\xff" * 100, answer(record(discovery.SERVICE, 12, b"\xc0\x0c"))):
                noisy.sendto(message, asker)

        thread = threading.Thread(target=talk)
        thread.start()
        monkeypatch.setattr(discovery, "GROUP", "127.0.0.1")
        assert find_farms(seconds=0.4, port=noisy.getsockname()[1]) == []
        thread.join(10)
