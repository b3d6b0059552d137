"""Several hundred open pages: each holds an event stream through one dashboard process."""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Callable

import psutil
import pytest
from played_workers import PlayedWorkers
from processes import until
from whole_farm import WholeFarm

pytestmark = pytest.mark.real

STREAMS = 300
MOST_KB = 400  # of the dashboard's memory, a stream; with its greenlet, its two sockets and their buffers


class Reader:
    """All streams, read by one thread."""

    def __init__(self, port: int, token: str) -> None:
        self._selector = selectors.DefaultSelector()
        self.said: dict[socket.socket, bytes] = {}
        request = (
            f"GET /events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: flamenco_session={token}\r\n"
            "Accept: text/event-stream\r\n\r\n"
        )
        for _ in range(STREAMS):
            stream = socket.create_connection(("127.0.0.1", port), timeout=30)
            stream.sendall(request.encode())
            stream.setblocking(False)
            self._selector.register(stream, selectors.EVENT_READ)
            self.said[stream] = b""

    def until_all(self, fits: Callable[[bytes], bool], seconds: float, what: str) -> float:
        """Read until every stream said what fits; how long that took."""
        began = time.monotonic()
        while not all(fits(said) for said in self.said.values()):
            missing = sum(not fits(said) for said in self.said.values())
            assert time.monotonic() - began < seconds, (
                f"{missing} of {STREAMS} streams: {what}; {next(iter(self.said.values()))!r}"
            )
            for key, _ in self._selector.select(0.5):
                stream: socket.socket = key.fileobj  # type: ignore[assignment]
                piece = stream.recv(65536)
                assert piece, "a stream ended"
                self.said[stream] += piece
        return time.monotonic() - began

    def close(self) -> None:
        """Leave, without a word, as a browser does that is closed."""
        self._selector.close()
        for stream in self.said:
            stream.close()


def _connections(process: psutil.Process, port: int) -> int:
    """How many connections a process has to that port on either side."""
    return sum(
        each.status == psutil.CONN_ESTABLISHED and port in (each.laddr.port, each.raddr.port if each.raddr else 0)
        for each in process.net_connections("tcp")
    )


def test_hundreds_of_streams_hear_of_a_change_and_leave_nothing_behind(farm: WholeFarm) -> None:
    played = PlayedWorkers(farm, "streams")
    dashboard, events = (psutil.Process(farm.parts[name].process.pid) for name in ("dashboard", "events"))  # type: ignore[union-attr]
    before, streams_before = dashboard.memory_info().rss, _connections(events, farm.events_port)
    reader = Reader(farm.dashboard_port, farm.token)
    try:
        opening = reader.until_all(lambda said: b"event: ready" in said, 60, "ready")
        jobs = [played.submit("sc310 anim", paused=True)]
        took = reader.until_all(lambda said: b"event: job" in said, 20, "the change")
        grown = (dashboard.memory_info().rss - before) / 1024 / STREAMS
        print(f"{STREAMS} streams: open in {opening:.1f} s, a change at all in {took:.2f} s, {grown:.0f} kB each")
        assert _connections(events, farm.events_port) >= STREAMS
        assert grown < MOST_KB
    finally:
        reader.close()

    def gone() -> bool:
        # The end of a connection shows when something is written to it.
        jobs.append(played.submit("sc320 anim", paused=True))
        return _connections(events, farm.events_port) <= streams_before + 2

    until(gone, 90, "the server keeps no stream of who left", every=1)
    for job in jobs:
        farm.client.delete(job)
