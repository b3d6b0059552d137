"""A server that is broken or means harm: each path is answered with whatever bytes a test gives, as slowly as it likes."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

Answer = Callable[[str], Iterable[bytes]]


class HostileServer:
    """Answers by `answer(path)`; the pieces are sent as they come, and the connection is closed after them."""

    def __init__(self) -> None:
        self.answer: Answer = lambda _path: [reply({})]
        self.asked: list[tuple[str, str]] = []  # path and Authorization
        self.over = threading.Event()  # what drips stops when this is set
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(connection,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.settimeout(20)
            head = b""
            while b"\r\n\r\n" not in head:
                got = connection.recv(65536)
                if not got:
                    return
                head += got
            lines = head.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
            path = lines[0].split(" ")[1].partition("?")[0]
            token = next((line.partition(": ")[2] for line in lines if line.lower().startswith("authorization:")), "")
            self.asked.append((path, token))
            for piece in self.answer(path):
                connection.sendall(piece)
                if self.over.is_set():
                    return

    def drip(self, first: bytes = b"", piece: bytes = b" ") -> Iterator[bytes]:
        """Something at once, then a piece every now and then, without end."""
        yield first
        while not self.over.wait(0.02):
            yield piece

    def close(self) -> None:
        """End all that goes on."""
        self.over.set()
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for thread in self._threads:
            thread.join(20)
            assert not thread.is_alive()


def reply(document: Any, status: str = "200 OK", **headers: str) -> bytes:
    """A whole answer with a JSON document, or with these bytes."""
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    told = {"Content-Type": "application/json", "Content-Length": str(len(body)), "Connection": "close"}
    told |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in told.items())]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


@pytest.fixture
def hostile() -> Iterator[HostileServer]:
    """Such a server."""
    made = HostileServer()
    yield made
    made.close()


# ---- what a farm would say, with something wrong in it ----

GOOD: dict[str, Any] = {
    "/api/health": {"status": "ok", "version": "4.0.0", "database": "sqlite", "api": 1},
    "/api/me": {"kind": "user", "id": 1, "name": "zoe", "role": "artist", "version": "4.0.0", "api": 1},
    "/api/job-types": {"items": [], "next": None},
    "/api/render-settings": {"items": [], "next": None},
    "/api/projects": {"items": [], "next": None},
    "/api/workers": {"items": [], "next": None},
    "/api/submission-presets": {"items": [], "next": None},
    "/api/jobs": {"items": [], "next": None},
}

EVIL_NAMES: tuple[Any, ...] = (
    "a\nb", "__class__", "__import__('os').system('touch /tmp/evil')", '"; import os; os.abort() #', "{0.__class__}",
    "%s%n", "../../etc/passwd", "..\\..\\autoexec.bat", "/dev/null", "\x00", "\ud800", "\u202eexe", "", " ", "x" * 10_000,
    None, True, 7, 1.5, [], {}, ["a"], {"name": "a"}, "bl_rna", "rna_type", "as_pointer", "name", "ünï", "a" * 64, "a" * 63,
)  # fmt: skip
EVIL_NUMBERS: tuple[Any, ...] = (
    float("nan"), float("inf"), float("-inf"), 10**400, -(10**400), 2**31, -(2**31) - 1, 1e308, 1e-320, "1", None, True, [1],
)  # fmt: skip


def setting(**more: Any) -> dict[str, Any]:
    """A setting as a server declares it."""
    usual = {
        "name": "frames", "type": "frames", "label": "Frames", "help": "", "default": None, "required": False,
        "source": None, "minimum": None, "maximum": None, "choices": [], "hidden": False,
    }  # fmt: skip
    return {**usual, **more}


def evil_job_types() -> list[Any]:
    """Job types that no server of ours declares; the last one is right."""
    types: list[Any] = [None, 1, "x", [], {}, {"name": "no settings"}, {"name": "text", "settings": "frames"}]
    types += [{"name": name, "settings": [setting()]} for name in EVIL_NAMES]
    types += [{"name": f"name {at}", "settings": [setting(name=name)]} for at, name in enumerate(EVIL_NAMES)]
    types += [{"name": f"kind {at}", "settings": [setting(type=name)]} for at, name in enumerate(EVIL_NAMES)]
    types += [{"name": f"source {at}", "settings": [setting(source=name)]} for at, name in enumerate(EVIL_NAMES)]
    types += [
        {"name": f"help {at}", "help": name, "settings": [setting(help=name, label=name)]}
        for at, name in enumerate(EVIL_NAMES)
    ]
    for kind in ("int", "float", "bool", "str", "list"):
        for at, number in enumerate(EVIL_NUMBERS):
            wrong = {"default": number}, {"minimum": number}, {"maximum": number}, {"minimum": number, "default": 1}
            types.append({"name": f"{kind} {at}", "settings": [
                setting(name=f"n{place}", type=kind, **each) for place, each in enumerate(wrong)
            ]})  # fmt: skip
            types += [
                {"name": f"{kind} {at} {place}", "settings": [setting(name="n", type=kind, **each)]}
                for place, each in enumerate(wrong)
            ]
    types += [
        {"name": f"choice {at}", "settings": [setting(name="c", type="str", choices=[name])]}
        for at, name in enumerate(EVIL_NAMES)
    ]
    types += [{"name": "twice", "settings": [setting(name="c", type="str", choices=["a", "a"])]}]
    types += [{"name": "many", "settings": [setting(name=f"n{at}") for at in range(10_000)]}]
    types += [{"name": "same", "settings": [setting(), setting()]}, {"name": "same", "settings": [setting()]}]
    types += [{"name": "a_b", "settings": [setting(name="c")]}, {"name": "a", "settings": [setting(name="b_c")]}]
    types += [{"name": "huge", "help": "h" * 10_000_000, "settings": [setting(help="h" * 10_000, default="1" * 5000)]}]
    good = [setting(source="frame_range"), setting(name="n", type="int", default=1, minimum=1, maximum=9)]
    return [{"name": "render", "help": "Render", "error": "", "settings": good}, *types]
