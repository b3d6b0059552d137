"""Requests and answers as JSON lines on a loopback socket; standard output stays free for what Blender prints."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import socket
import sys
from collections.abc import Iterator
from typing import Any

MARK = "flamenco-answer "  # printed before each answer, so that the worker knows which lines belong to it


class Channel:
    """The driver's end."""

    def __init__(self, hello: dict[str, Any]) -> None:
        port, secret = int(os.environ.pop("FLAMENCO_PORT")), os.environ.pop("FLAMENCO_SECRET")
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self._socket.settimeout(None)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._lines = self._socket.makefile("r", encoding="utf-8", newline="\n")
        self.send({"secret": secret, **hello})

    def requests(self) -> Iterator[dict[str, Any]]:
        """The worker's requests, until it closes its end."""
        for line in self._lines:
            yield json.loads(line)

    def send(self, document: dict[str, Any]) -> None:
        """Send an answer or an event."""
        self._socket.sendall(json.dumps(document).encode("utf-8") + b"\n")

    def answer(self, request: int, document: dict[str, Any]) -> None:
        """Answer a request, after all that was printed on its behalf."""
        flush()
        print(f"\n{MARK}{request}", flush=True)  # noqa: T201
        self.send({"id": request, **document})


def flush() -> None:
    """Hand on what Python and Blender printed; Blender's own buffer is the C library's."""
    sys.stdout.flush()
    sys.stderr.flush()
    with contextlib.suppress(OSError, AttributeError, TypeError):
        (ctypes.CDLL(None) if os.name == "posix" else ctypes.cdll.msvcrt).fflush(None)
