"""The worker's end of the channel to a kept-open Blender: JSON lines on a loopback socket with a secret."""

from __future__ import annotations

import contextlib
import hmac
import json
import secrets
import socket
import threading
import time
from queue import Empty, SimpleQueue
from typing import Any

_LONGEST_HELLO = 4096
_SECONDS_FOR_HELLO = 5.0


class ChannelClosed(Exception):
    """The other end is gone."""


class Channel:
    """Listens until the driver that knows the secret calls; then carries requests and answers."""

    def __init__(self) -> None:
        self._secret = secrets.token_hex(16)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.2)
        self._socket: socket.socket | None = None
        self._received: SimpleQueue[dict[str, Any] | None] = SimpleQueue()

    def environment(self) -> dict[str, str]:
        """What the driver must find in its environment."""
        return {"FLAMENCO_PORT": str(self._listener.getsockname()[1]), "FLAMENCO_SECRET": self._secret}

    def accept(self) -> dict[str, Any] | None:
        """Wait a moment for the driver; return its first words, or None if it has not called yet."""
        with contextlib.suppress(TimeoutError):
            caller, _ = self._listener.accept()
            hello = _hello(caller)
            if hmac.compare_digest(str(hello.pop("secret", "")), self._secret):
                self._begin(caller)
                return hello
            caller.close()
        return None

    def send(self, document: dict[str, Any]) -> None:
        """Send a request. Raises `ChannelClosed`."""
        assert self._socket is not None
        try:
            self._socket.sendall(json.dumps(document).encode("utf-8") + b"\n")
        except OSError as error:
            raise ChannelClosed from error

    def receive(self, seconds: float) -> dict[str, Any] | None:
        """The next message, or None after `seconds`. Raises `ChannelClosed`."""
        try:
            message = self._received.get(timeout=seconds)
        except Empty:
            return None
        if message is None:
            self._received.put(None)
            raise ChannelClosed
        return message

    def close(self) -> None:
        """Hang up: the driver ends when it notices."""
        self._listener.close()
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
            self._socket.close()

    def _begin(self, caller: socket.socket) -> None:
        self._listener.close()
        caller.settimeout(None)
        caller.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = caller
        threading.Thread(target=self._read, args=(caller,), name="answers of Blender", daemon=True).start()

    def _read(self, caller: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError), caller.makefile("r", encoding="utf-8", newline="\n") as lines:
            for line in lines:
                self._received.put(json.loads(line))
        self._received.put(None)


def _hello(caller: socket.socket) -> dict[str, Any]:
    """The first line of a caller, which may be anybody on this machine."""
    data = b""
    deadline = time.monotonic() + _SECONDS_FOR_HELLO
    with contextlib.suppress(OSError, ValueError):
        while not data.endswith(b"\n") and len(data) < _LONGEST_HELLO:
            caller.settimeout(max(0.001, deadline - time.monotonic()))
            if not (more := caller.recv(1)):
                break
            data += more
        found = json.loads(data)
        return found if isinstance(found, dict) else {}
    return {}
