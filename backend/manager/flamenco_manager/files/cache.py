"""The site's files by SHA-256, bounded in size: the least recently used go first, those that are pinned or in use stay."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from flamenco_manager.errors import Invalid, NotFound, TooLarge, disk_errors

BLOCK = 1 << 18
_HASH = re.compile(r"^[0-9a-f]{64}$")
_PART_KEPT = 7 * 86_400.0  # seconds since anything came of a file that broke off
_LEAVE = 0.9  # of the bound, when files had to go


class WrongBytes(Invalid):
    """Bytes that do not have the hash that they were said to have."""


def check_sha256(text: str) -> str:
    """Return a hash that is one. Raises `Invalid`."""
    if not _HASH.match(text):
        raise Invalid(f"{text[:80]!r} is no SHA-256: it has 64 digits 0-9a-f", "sha256")
    return text


class FileCache:
    """Files below `folder`, of about `most_bytes` together; `pinned` says what must stay."""

    def __init__(self, folder: Path, most_bytes: int, pinned: Callable[[str], bool]) -> None:
        self._folder = folder
        self._most = most_bytes
        self._pinned = pinned
        self._lock = threading.Lock()
        self._in_use: Counter[str] = Counter()
        self.incoming = folder / "incoming"
        self.incoming.mkdir(parents=True, exist_ok=True)
        for partial in (*self.incoming.glob("*.new"), *self.incoming.glob("*.part")):
            if partial.suffix == ".new" or time.time() - partial.stat().st_mtime > _PART_KEPT:
                partial.unlink(missing_ok=True)
        self._used = sum(status.st_size for status, _ in self._entries())

    def path(self, sha256: str) -> Path:
        """Where a file of that hash is, or would be."""
        return self._folder / sha256[:2] / check_sha256(sha256)

    def has(self, sha256: str) -> bool:
        """Whether it is here; it then counts as used now."""
        try:
            os.utime(self.path(sha256))
        except FileNotFoundError:
            return False
        return True

    def size(self, sha256: str) -> int:
        """Its size. Raises `NotFound`."""
        try:
            return self.path(sha256).stat().st_size
        except FileNotFoundError:
            raise NotFound(f"the file {sha256} is not here") from None

    @contextmanager
    def using(self, hashes: Iterable[str]) -> Iterator[None]:
        """These must not go meanwhile."""
        held = Counter(set(hashes))
        with self._lock:
            self._in_use += held
        try:
            yield
        finally:
            with self._lock:
                self._in_use -= held

    def put(self, sha256: str, chunks: Iterable[bytes], most: int = 0) -> int:
        """Take bytes in under their hash; returns how many. Raises `WrongBytes`, `TooLarge` or `DiskFull`."""
        check_sha256(sha256)
        partial = self.incoming / f"{sha256}.{secrets.token_hex(4)}.new"
        try:
            with disk_errors():
                found, size = _written(partial, chunks, most)
            if found != sha256:
                raise WrongBytes(f"the bytes have the SHA-256 {found}, not {sha256}", "sha256")
            self.adopt(sha256, partial)
            return size
        finally:
            partial.unlink(missing_ok=True)

    def adopt(self, sha256: str, partial: Path) -> None:
        """Give a file whose hash was checked its place."""
        target = self.path(sha256)
        size = partial.stat().st_size
        with disk_errors():
            target.parent.mkdir(exist_ok=True)
        with self._lock:
            if target.exists():
                partial.unlink()
            else:
                partial.replace(target)
                self._used += size
        self._make_room(sha256)

    def _make_room(self, newest: str) -> None:
        if self._used <= self._most:
            return
        with self._lock:
            entries = list(self._entries())
            self._used = sum(status.st_size for status, _ in entries)
            for status, path in sorted(entries, key=lambda entry: entry[0].st_mtime):
                if self._used <= self._most * _LEAVE:
                    return
                if path.name != newest and path.name not in self._in_use and not self._pinned(path.name):
                    # Windows keeps a file that somebody reads.
                    with contextlib.suppress(OSError):
                        path.unlink()
                        self._used -= status.st_size

    def _entries(self) -> Iterator[tuple[os.stat_result, Path]]:
        for path in self._folder.glob("??/*"):
            with contextlib.suppress(FileNotFoundError):
                yield path.stat(), path


def _written(target: Path, chunks: Iterable[bytes], most: int) -> tuple[str, int]:
    """Write a file; returns the SHA-256 and the size."""
    digest, size = hashlib.sha256(), 0
    with target.open("wb") as sink:
        for chunk in chunks:
            size += len(chunk)
            if most and size > most:
                raise TooLarge(f"the file has more than the {most} bytes that this manager takes")
            digest.update(chunk)
            sink.write(chunk)
        sink.flush()
        os.fsync(sink.fileno())
    return digest.hexdigest(), size
