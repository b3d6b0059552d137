"""A link to a server that takes its time."""

from __future__ import annotations

import contextlib
import socket
import threading

from breaking_link import BreakingLink


class SlowLink(BreakingLink):
    """Lets `rate` bytes a second through to the server, all connections together; None: as many as there are."""

    def __init__(self, target: int, rate: float | None = None) -> None:
        self.rate = rate
        self._turn = threading.Lock()
        self._closed = threading.Event()
        super().__init__(target)

    def _pump(self, source: socket.socket, sink: socket.socket, limit: int | None, kind: str) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(8 * 1024):
                if kind == "sent" and self.rate and len(data) > 1024:  # questions and answers are not held up
                    with self._turn:
                        self._closed.wait(len(data) / self.rate)
                sink.sendall(data)
                setattr(self, kind, getattr(self, kind) + len(data))
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def close(self) -> None:
        """Cut everything."""
        self._closed.set()
        super().close()
