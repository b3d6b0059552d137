"""What lies on the disk, asked in a thread: a folder is listed once, however many of its files are asked for."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable


class Disk:
    """Answers of the file system, each kept, so that one look is all of one point in time."""

    def __init__(self, check: Callable[[], None] = lambda: None) -> None:
        """`check` is called before each look; it raises to end the work."""
        self.check = check
        self._folders: dict[str, frozenset[str]] = {}
        self._stats: dict[str, os.stat_result | None] = {}

    def names(self, folder: str) -> frozenset[str]:
        """What is in a folder; nothing if it is not there or cannot be read."""
        found = self._folders.get(folder)
        if found is None:
            self.check()
            try:
                found = frozenset(os.listdir(folder))  # noqa: PTH208 - names are all that is asked for
            except (OSError, ValueError):
                found = frozenset()
            self._folders[folder] = found
        return found

    def exists(self, path: str) -> bool:
        """Whether a file or folder is there."""
        folder, name = os.path.split(path)
        # Not found in the list may still be there: file systems that ignore case, folders that may not be listed.
        return name in self.names(folder) or self._stat(path) is not None

    def is_file(self, path: str) -> bool:
        """Whether a file is there."""
        if not self.exists(path):
            return False
        found = self._stat(path)
        return found is not None and stat.S_ISREG(found.st_mode)

    def size(self, path: str) -> int:
        """Bytes of a file; 0 if it is not there."""
        found = self._stat(path)
        return found.st_size if found is not None and stat.S_ISREG(found.st_mode) else 0

    def changed_at(self, path: str) -> float:
        """When a file was changed, in seconds since 1970; 0 if it is not there."""
        found = self._stat(path)
        return found.st_mtime if found is not None else 0.0

    def _stat(self, path: str) -> os.stat_result | None:
        if path not in self._stats:
            self.check()
            try:
                self._stats[path] = os.stat(path)  # noqa: PTH116 - thousands of paths, and no need of objects
            except (OSError, ValueError):
                self._stats[path] = None
        return self._stats[path]
