"""Where a program of the farm keeps what is the user's own, by the custom of the platform."""

from __future__ import annotations

import os
import sys
from pathlib import Path

NAME = "flamenco"


def config_folder() -> Path:
    """Settings and secrets."""
    return _folder("XDG_CONFIG_HOME", ".config", "Library/Application Support")


def state_folder() -> Path:
    """What a running program says of itself."""
    return _folder("XDG_STATE_HOME", ".local/state", "Library/Application Support")


def cache_folder() -> Path:
    """What can be lost at the cost of time only."""
    return _folder("XDG_CACHE_HOME", ".cache", "Library/Caches")


def _folder(variable: str, unix: str, mac: str) -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData/Local") / NAME
    if sys.platform == "darwin":
        return Path.home() / mac / NAME
    return Path(os.environ.get(variable) or Path.home() / unix) / NAME
