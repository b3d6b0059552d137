"""Simulated workers: they speak the worker's protocol to a real manager and do no work, so that a benchmark measures the farm alone.

Each is a thread with one kept-open connection and hand-made HTTP, which costs a tenth of what a full client costs: on two cores
the measuring must not starve the measured.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit


class Connection:
    """One HTTP/1.1 connection to `address`, kept open."""

    def __init__(self, address: str, token: str) -> None:
        parts = urlsplit(address)
        self._peer = (parts.hostname or "127.0.0.1", parts.port or 80)
        self._head = f"Host: {parts.netloc}\r\nAuthorization: Bearer {token}\r\n"
        self._socket: socket.socket | None = None
        self._rest = b""

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, bytes]:
        """Send one request; return the status and the body."""
        data = b"" if body is None else json.dumps(body).encode()
        kind = "Content-Type: application/json\r\n" if data else ""
        head = f"{method} {path} HTTP/1.1\r\n{self._head}{kind}Content-Length: {len(data)}\r\n\r\n"
        self._opened().sendall(head.encode() + data)
        return self._answer()

    def close(self) -> None:
        """Close the connection."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _opened(self) -> socket.socket:
        if self._socket is None:
            self._socket = socket.create_connection(self._peer, timeout=30)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._rest = b""
        return self._socket

    def _answer(self) -> tuple[int, bytes]:
        while b"\r\n\r\n" not in self._rest:
            self._receive()
        head, _, self._rest = self._rest.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        length = int(headers.get("content-length", 0))
        while len(self._rest) < length:
            self._receive()
        body, self._rest = self._rest[:length], self._rest[length:]
        if headers.get("connection", "").lower() == "close":
            self.close()
        return int(lines[0].split(" ")[1]), body

    def _receive(self) -> None:
        data = self._opened().recv(65536)
        if not data:
            self.close()
            raise ConnectionError("the manager closed the connection")
        self._rest += data


@dataclass
class Workers:
    """`count` simulated workers of the manager at `address`."""

    address: str
    enrolment: str
    count: int
    cycles: int = 0
    errors: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, seconds: float) -> float:
        """Do whole cycles (ask, report progress, report completion) for `seconds`; return cycles a second."""
        connections = [self._enrolled(number) for number in range(self.count)]
        self.cycles = 0
        start = time.monotonic()
        end = start + seconds
        threads = [threading.Thread(target=self._work, args=(each, end), daemon=True) for each in connections]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(seconds + 60)
        if self.errors:
            raise RuntimeError(f"{len(self.errors)} simulated workers failed: {self.errors[0]}")
        return self.cycles / (time.monotonic() - start)

    def _enrolled(self, number: int) -> Connection:
        abilities = {"platform": "linux", "cores": 1, "memory_mb": 4000, "ffmpeg": "/usr/bin/ffmpeg", "work_dir": "/tmp/none",
                     "blenders": [{"version": "4.5.0", "executable": "blender"}]}  # fmt: skip
        connection = Connection(self.address, self.enrolment)
        status, body = connection.call(
            "POST",
            "/register",
            {"identity": f"simulated-{number}", "name": f"simulated-{number}", "abilities": abilities},
        )
        connection.close()
        if status not in (200, 201):
            raise RuntimeError(f"registration answered {status}: {body[:300]!r}")
        mine = Connection(self.address, json.loads(body)["token"])
        status, body = mine.call("POST", "/available")
        if status != 200:
            raise RuntimeError(f"available answered {status}: {body[:300]!r}")
        return mine

    def _work(self, connection: Connection, end: float) -> None:
        try:
            while time.monotonic() < end:
                if self._cycle(connection):
                    with self._lock:
                        self.cycles += 1
        except Exception as error:
            self.errors.append(repr(error))
        finally:
            connection.close()

    def _cycle(self, connection: Connection) -> bool:
        status, body = connection.call("GET", "/generate?have=")
        if status == 204:
            return False
        if status != 200:
            raise RuntimeError(f"generate answered {status}: {body[:300]!r}")
        task = json.loads(body)
        update = {"run_id": task["run_id"], "task_id": task["task_id"], "at": time.time()}
        for seq, more in ((1, {"progress": 0.5}), (2, {"status": "completed", "progress": 1.0})):
            status, body = connection.call("PATCH", "/tasks", [{**update, "seq": seq, **more}])
            if status != 200 or not json.loads(body)["results"][0]["accepted"]:
                raise RuntimeError(f"an update answered {status}: {body[:300]!r}")
        return True
