"""Fixtures of the tests of the add-on's core."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from breaking_link import BreakingLink
from flamenco_client import api
from hostile_server import hostile
from served_farm import Served, served

__all__ = ["hostile", "served"]


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is signed in, and calls are tried again at once."""
    for name in ("CONFIG", "STATE", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    for name in ("FLAMENCO_SERVER", "FLAMENCO_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(api, "PAUSE", 0.0)


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of a server that takes a connection and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture
def link(served: Served) -> Iterator[BreakingLink]:
    """A way to the server that can be cut."""
    made = BreakingLink(served.port)
    yield made
    made.close()
