"""One user at a time of a file or a folder, across threads and processes.

The operating system holds the lock, so a process that is killed leaves none behind.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

if sys.platform == "win32":
    import msvcrt

    def _try_lock(handle: int) -> bool:
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
else:
    import fcntl

    def _try_lock(handle: int) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True


@contextmanager
def try_lock(path: Path) -> Iterator[bool]:
    """Hold the lock file `path`; gives whether it was free. The file is gone afterwards."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    held = False
    try:
        held = _try_lock(handle) and _still_there(path, handle)
        yield held
    finally:
        if held and sys.platform != "win32":
            path.unlink(missing_ok=True)
        os.close(handle)
        if held and sys.platform == "win32":
            _unlink_quietly(path)


def _still_there(path: Path, handle: int) -> bool:
    """Whether `path` is the file that was locked: its last holder may have removed it in between."""
    try:
        return os.path.samestat(path.stat(), os.fstat(handle))
    except FileNotFoundError:
        return False


def _unlink_quietly(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:  # somebody else has it open: they remove it
        return
