"""SHA-256 of files, remembered by path, size and time, so that a file that did not change is not read again."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

from flamenco_client.errors import LocalFault
from flamenco_client.places import cache_folder

BLOCK = 1024 * 1024
MOST_ENTRIES = 200_000
# A file that changed within this time of being hashed may change again with the same time stamp.
SETTLE_NS = 2_000_000_000
BUSY_SECONDS = 1.0  # that another program's writing is waited for
SHA256_DIGITS = 64
_TABLE = "CREATE TABLE IF NOT EXISTS hashes (path BLOB PRIMARY KEY, size INTEGER, time_ns INTEGER, sha256 TEXT)"
_FIND = "SELECT path, size, time_ns, sha256 FROM hashes WHERE path IN ({})"
Entry = tuple[int, int, str]  # size, time, hash
Result = TypeVar("Result")


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
    """Known hashes, kept in one SQLite file that programs share; losing it costs time only. Opened when it is first needed."""

    def __init__(self, folder: Path | None = None) -> None:
        self._file = (folder or cache_folder()) / "hashes.sqlite"
        self._lock = threading.Lock()
        self._database: sqlite3.Connection | None = None
        self._useful = True
        self._fresh: dict[bytes, Entry] = {}
        self._recalled: dict[bytes, Entry | None] = {}  # of the files that were asked for together last

    def of(self, path: Path, counted: Callable[[int], None] = lambda _: None) -> str:
        """The SHA-256 of a file; read only if it is not known."""
        found = _stat(path)
        known = self._remembered(path, found, counted)
        if known:
            return known
        sha256 = sha256_of(path, counted)
        if time.time_ns() - found.st_mtime_ns >= SETTLE_NS:
            with self._lock:
                self._fresh[os.fsencode(path)] = (found.st_size, found.st_mtime_ns, sha256)
        return sha256

    def recall(self, paths: Iterable[Path]) -> None:
        """Look these up together, which is faster than one by one: `known` and `of` need no look then."""
        with self._lock:
            self._recalled = self._find([os.fsencode(path) for path in paths])

    def known(self, path: Path, counted: Callable[[int], None] = lambda _: None) -> str:
        """The SHA-256 of a file if it is known, else an empty text. Raises `LocalFault` if there is no such file."""
        return self._remembered(path, _stat(path), counted)

    def _remembered(self, path: Path, found: os.stat_result, counted: Callable[[int], None]) -> str:
        entry = self._entry(os.fsencode(path))
        if entry is None or entry[:2] != (found.st_size, found.st_mtime_ns):
            return ""
        counted(found.st_size)
        return entry[2]

    def save(self) -> None:
        """Keep what was learned since the last time, for other programs too."""
        with self._lock:
            rows = [(path, *entry) for path, entry in self._fresh.items()]
            self._useful = True
            written = self._attempt(lambda database: _write(database, rows)) if rows else False
            self._recalled = {}
            if written:
                self._fresh.clear()
            if self._database is not None:
                self._database.close()
                self._database = None

    def _entry(self, path: bytes) -> Entry | None:
        with self._lock:
            if path in self._fresh:
                return self._fresh[path]
            return self._recalled[path] if path in self._recalled else self._find([path])[path]

    def _find(self, paths: Sequence[bytes]) -> dict[bytes, Entry | None]:
        """What is known of each of some hundred paths."""
        found: dict[bytes, Entry | None] = dict.fromkeys(paths)
        find = _FIND.format(",".join("?" * len(paths)))
        for path, size, time_ns, sha256 in self._attempt(lambda base: base.execute(find, paths).fetchall()) or ():
            if isinstance(sha256, str) and len(sha256) == SHA256_DIGITS and isinstance(time_ns, int):
                found[path] = size, time_ns, sha256
        return found

    def _attempt(self, work: Callable[[sqlite3.Connection], Result]) -> Result | None:
        """None if the cache is of no use now: another program writes, or it cannot be read or written."""
        for again in (True, False) if self._useful else ():
            try:
                return work(self._open())
            except sqlite3.OperationalError:  # busy, or no place for it: waiting once is enough
                self._useful = False
                return None
            except sqlite3.Error:
                self._begin_anew()
                if not again:
                    return None
            except OSError:
                return None
        return None

    def _open(self) -> sqlite3.Connection:
        if self._database is None:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            database = sqlite3.connect(self._file, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
            try:
                database.execute("PRAGMA synchronous = OFF")
                database.execute(_TABLE)
            except sqlite3.Error:
                database.close()
                raise
            self._database = database
        return self._database

    def _begin_anew(self) -> None:
        """It is damaged, or no such file at all."""
        if self._database is not None:
            self._database.close()
            self._database = None
        with contextlib.suppress(OSError):
            self._file.unlink()


def _stat(path: Path) -> os.stat_result:
    try:
        return path.stat()
    except OSError as error:
        raise LocalFault(f"{path} cannot be read: {error.strerror or error}") from error


def _write(database: sqlite3.Connection, rows: Iterable[tuple[bytes, int, int, str]]) -> bool:
    database.execute("BEGIN IMMEDIATE")
    with database:
        database.executemany("INSERT OR REPLACE INTO hashes VALUES (?, ?, ?, ?)", rows)
        # What was written longest ago goes first.
        database.execute("DELETE FROM hashes WHERE rowid <= (SELECT max(rowid) FROM hashes) - ?", (MOST_ENTRIES,))
    return True
