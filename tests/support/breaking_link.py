"""A link to a server that breaks: connections are cut after some bytes."""

from __future__ import annotations

import contextlib
import socket
import threading

BLOCK = 16 * 1024


class BreakingLink:
    """Forwards a port to another. Each new connection takes the next limit of `up` and `down`, in bytes (none: no limit)."""

    def __init__(self, target: int) -> None:
        self._target = target
        self.up: list[int] = []  # bytes to the server, before the cut
        self.down: list[int] = []  # bytes from the server, before the cut
        self.sent = 0
        self.received = 0
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.address = f"http://127.0.0.1:{self.port}"
        self._threads = [threading.Thread(target=self._accept)]
        self._sockets: list[socket.socket] = []
        self._threads[0].start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                self.connections += 1
                try:
                    far = socket.create_connection(("127.0.0.1", self._target))
                except OSError:
                    near.close()
                    continue
                self._sockets += [near, far]
                for source, sink, limits, kind in ((near, far, self.up, "sent"), (far, near, self.down, "received")):
                    limit = limits.pop(0) if limits else None
                    thread = threading.Thread(target=self._pump, args=(source, sink, limit, kind))
                    self._threads.append(thread)
                    thread.start()

    def _pump(self, source: socket.socket, sink: socket.socket, limit: int | None, kind: str) -> None:
        left = limit
        with contextlib.suppress(OSError):
            while data := source.recv(BLOCK if left is None else min(BLOCK, left)):
                sink.sendall(data)
                setattr(self, kind, getattr(self, kind) + len(data))
                left = None if left is None else left - len(data)
                if left == 0:
                    break
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def close(self) -> None:
        """Cut everything."""
        for each in (self._listener, *self._sockets):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        for thread in self._threads:
            thread.join(10)
            assert not thread.is_alive()
