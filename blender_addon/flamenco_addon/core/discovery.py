"""Find farms that are announced on the local network by multicast DNS (RFC 6762, RFC 6763), with the standard library only.

One question is asked from a port of our own; announcers answer such a question to that port alone (RFC 6762, 6.7).
"""

from __future__ import annotations

import contextlib
import ipaddress
import select
import socket
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from flamenco_client.progress import Progress

from .forms import line
from .signing import is_web_page

SERVICE = "_flamenco-server._tcp.local"
GROUP, PORT = "224.0.0.251", 5353
SECONDS = 2.0
ASKED_AT = (0.0, 0.5)  # a datagram may get lost
MOST_FARMS = 20
MOST_RECORDS = 200  # of one datagram
LONGEST_NAME = 255
A, PTR, TXT, SRV, IN = 1, 12, 16, 33, 1


class BadMessage(ValueError):
    """It is no DNS message."""


@dataclass(frozen=True)
class Farm:
    """A farm that was found; `name` is what it calls itself."""

    name: str
    address: str


@dataclass
class Heard:
    """What was announced so far."""

    # Names are keys in small letters: DNS makes no difference.
    instances: dict[str, str] = field(default_factory=dict)  # as they write themselves
    places: dict[str, tuple[str, int]] = field(default_factory=dict)  # of an instance: host and port
    addresses: dict[str, str] = field(default_factory=dict)  # of a host
    urls: dict[str, str] = field(default_factory=dict)  # of an instance that people reach elsewhere

    def farms(self) -> list[Farm]:
        """Those farms of which all is known."""
        found: dict[str, Farm] = {}  # of a server that runs several times once
        for instance in sorted(self.instances)[:MOST_FARMS]:
            host, port = self.places.get(instance, ("", 0))
            address = self.addresses.get(host)
            url = self.urls.get(instance) or (f"http://{address}:{port}" if address and port else "")
            if url:
                found.setdefault(url, Farm(line(self.instances[instance][: -len(SERVICE)].rstrip(".")), url))
        return list(found.values())


def find_farms(progress: Progress = Progress(), seconds: float = SECONDS, port: int = PORT) -> list[Farm]:  # noqa: B008
    """Ask the network and listen for some seconds; a network that forbids it has no farms."""
    heard = Heard()
    with contextlib.suppress(OSError), _socket() as asking:
        begin = time.monotonic()
        to_ask = list(ASKED_AT)
        while (now := time.monotonic() - begin) < seconds:
            progress.check()
            if to_ask and now >= to_ask[0]:
                to_ask.pop(0)
                asking.sendto(question(), (GROUP, port))
            if select.select([asking], [], [], 0.1)[0]:
                with contextlib.suppress(BadMessage, ConnectionError):
                    read(asking.recvfrom(9000)[0], heard)
    return heard.farms()


def _socket() -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
    made.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 1)
    made.bind(("", 0))
    return made


def question() -> bytes:
    """Who is there?"""
    header = struct.pack("!6H", 0, 0, 1, 0, 0, 0)
    labels = b"".join(bytes([len(label)]) + label.encode() for label in SERVICE.split("."))
    return header + labels + b"\0" + struct.pack("!2H", PTR, IN)


def read(message: bytes, heard: Heard) -> None:
    """Note what an answer says of farms. Raises `BadMessage`."""
    for written, kind, start, end in records(message):
        name = written.lower()
        data = message[start:end]
        if kind == PTR and name == SERVICE:
            instance = name_at(message, start)[0]
            if instance.lower().endswith(f".{SERVICE}"):
                heard.instances[instance.lower()] = instance
        elif kind == SRV and name.endswith(f".{SERVICE}") and len(data) > 6:
            heard.places[name] = (name_at(message, start + 6)[0].lower(), int.from_bytes(data[4:6], "big"))
        elif kind == TXT and name.endswith(f".{SERVICE}"):
            for url in (text[4:].decode("ascii", "replace") for text in _texts(data) if text.startswith(b"url=")):
                if is_web_page(url):
                    heard.urls[name] = url.rstrip("/")
        elif kind == A and len(data) == 4:
            heard.addresses[name] = str(ipaddress.IPv4Address(data))


def records(message: bytes) -> Iterator[tuple[str, int, int, int]]:
    """All records of an answer: name, kind, and where its data begins and ends."""
    if len(message) < 12:
        raise BadMessage("too short")
    _, flags, questions, *counts = struct.unpack_from("!6H", message)
    if not flags & 0x8000:
        raise BadMessage("no answer")
    at = 12
    for _ in range(min(questions, MOST_RECORDS)):
        at = name_at(message, at)[1] + 4
    for _ in range(min(sum(counts), MOST_RECORDS)):
        name, at = name_at(message, at)
        if at + 10 > len(message):
            raise BadMessage("cut")
        kind, _class, _seconds, size = struct.unpack_from("!HHIH", message, at)
        at += 10
        if at + size > len(message):
            raise BadMessage("cut")
        yield name, kind, at, at + size
        at += size


def name_at(message: bytes, at: int) -> tuple[str, int]:
    """The name that stands there, and where what follows it begins. Raises `BadMessage`."""
    labels: list[str] = []
    after, lowest = -1, at
    while True:
        if at >= len(message):
            raise BadMessage("cut")
        length = message[at]
        if length >= 0xC0:  # the rest of the name stands further ahead
            if at + 1 >= len(message):
                raise BadMessage("cut")
            after = at + 2 if after < 0 else after
            at = (length & 0x3F) << 8 | message[at + 1]
            if at >= lowest:
                raise BadMessage("a name goes round")
            lowest = at
            continue
        if length == 0:
            return ".".join(labels), at + 1 if after < 0 else after
        if length > 63 or at + 1 + length > len(message):
            raise BadMessage("cut")
        labels.append(message[at + 1 : at + 1 + length].decode("utf-8", "replace"))
        if sum(map(len, labels)) > LONGEST_NAME:
            raise BadMessage("a name without end")
        at += 1 + length


def _texts(data: bytes) -> list[bytes]:
    found, at = [], 0
    while at < len(data):
        found.append(data[at + 1 : at + 1 + data[at]])
        at += 1 + data[at]
    return found
