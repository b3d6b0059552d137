"""Nobody but the driver that knows the secret gets to talk with the worker."""

from __future__ import annotations

import json
import socket

import pytest
from flamenco_worker.execute.channel import Channel, ChannelClosed
from processes import until


def call(channel: Channel, words: bytes) -> socket.socket:
    caller = socket.create_connection(("127.0.0.1", int(channel.environment()["FLAMENCO_PORT"])), timeout=10)
    caller.sendall(words)
    return caller


def test_strangers_are_turned_away_and_the_driver_is_heard() -> None:
    channel = Channel()
    for words in (b'{"secret": "guess"}\n', b"nonsense\n", b"[1]\n", b"x" * 5000):
        stranger = call(channel, words)
        assert channel.accept() is None
        with stranger, pytest.raises((ConnectionError, AssertionError)):
            assert stranger.recv(1), "hung up on"
    assert channel.accept() is None, "nobody calls"
    hello = {"secret": channel.environment()["FLAMENCO_SECRET"], "version": [4, 5, 1]}
    with call(channel, json.dumps(hello).encode() + b"\n") as driver:
        assert until(channel.accept, 10, "the driver is heard") == {"version": [4, 5, 1]}
        channel.send({"id": 1})
        assert driver.recv(100) == b'{"id": 1}\n'
        driver.sendall(b'{"id": 1, "ok": true}\n')
        assert channel.receive(10) == {"id": 1, "ok": True}
        assert channel.receive(0.01) is None
    with pytest.raises(ChannelClosed):
        channel.receive(10)
    channel.close()
