"""SHA-256 of files, remembered by path, size and time, so that a file that did not change is not read again."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from flamenco_client.errors import LocalFault

BLOCK = 1024 * 1024
MOST_ENTRIES = 200_000
# A file that changed within this time of being hashed may change again with the same time stamp.
SETTLE_NS = 2_000_000_000


def cache_folder() -> Path:
    """The user's own cache folder for Flamenco, by the custom of the platform."""
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData/Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library/Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "flamenco"


def sha256_of(path: Path, counted: Callable[[int], None] = lambda _: None) -> str:
    """Read a file and give its SHA-256; `counted` hears of each block's bytes."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(BLOCK):
                digest.update(block)
                counted(len(block))
    except OSError as error:
        raise LocalFault(f"{path} cannot be read: {error.strerror or error}") from error
    return digest.hexdigest()


class Hashes:
    """Known hashes, kept in one JSON file; losing it costs time only."""

    def __init__(self, folder: Path | None = None) -> None:
        self._file = (folder or cache_folder()) / "hashes.json"
        self._lock = threading.Lock()
        self._known: dict[str, list[object]] = {}
        with contextlib.suppress(OSError, ValueError):
            loaded = json.loads(self._file.read_text(encoding="utf-8"))
            self._known = loaded if isinstance(loaded, dict) else {}
        self._changed = False

    def of(self, path: Path, counted: Callable[[int], None] = lambda _: None) -> str:
        """The SHA-256 of a file; read only if it is not known."""
        try:
            found = path.stat()
        except OSError as error:
            raise LocalFault(f"{path} cannot be read: {error.strerror or error}") from error
        stamp: list[object] = [found.st_size, found.st_mtime_ns]
        with self._lock:
            known = self._known.get(str(path))
        if isinstance(known, list) and len(known) == 3 and known[:2] == stamp:
            counted(found.st_size)
            return str(known[2])
        sha256 = sha256_of(path, counted)
        self._remember(path, stamp, sha256)
        return sha256

    def _remember(self, path: Path, stamp: list[object], sha256: str) -> None:
        if time.time_ns() - int(str(stamp[1])) < SETTLE_NS:
            return
        with self._lock:
            self._known[str(path)] = [*stamp, sha256]
            self._changed = True

    def save(self) -> None:
        """Write the file anew, whole or not at all."""
        with self._lock:
            if not self._changed:
                return
            entries = list(self._known.items())[-MOST_ENTRIES:]
            self._changed = False
        with contextlib.suppress(OSError):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self._file.parent, prefix=".hashes-")
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(dict(entries), file)
            Path(name).replace(self._file)
