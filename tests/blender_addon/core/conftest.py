"""Fixtures of the tests of the add-on's core."""

from __future__ import annotations

from pathlib import Path

import pytest
from flamenco_client import api
from hostile_server import hostile
from served_farm import served

__all__ = ["hostile", "served"]


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is signed in, and calls are tried again at once."""
    for name in ("CONFIG", "STATE", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    for name in ("FLAMENCO_SERVER", "FLAMENCO_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(api, "PAUSE", 0.0)
