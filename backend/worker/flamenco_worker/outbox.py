"""What this worker has to tell its manager, kept on disk until the manager has it."""

from __future__ import annotations

import sqlite3
import threading
from dataclasses import dataclass
from pathlib import Path

import msgspec
from flamenco_common.documents import RunUpdate


class Parcel(msgspec.Struct, frozen=True):
    """A file that must be at the manager before the update that names it: its hash, and where it is."""

    sha256: str
    path: str


@dataclass(frozen=True)
class Entry:
    """One update that waits."""

    number: int
    update: RunUpdate
    parcels: list[Parcel]


class Outbox:
    """Updates in the order in which they were added."""

    def __init__(self, file: Path) -> None:
        self._lock = threading.Lock()
        self._database = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=NORMAL")
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS entries (number INTEGER PRIMARY KEY AUTOINCREMENT, run_id TEXT, body BLOB, parcels BLOB)"
        )

    def add(self, update: RunUpdate, parcels: list[Parcel]) -> None:
        """Keep an update."""
        with self._lock:
            self._database.execute(
                "INSERT INTO entries (run_id, body, parcels) VALUES (?, ?, ?)",
                (update.run_id, msgspec.json.encode(update), msgspec.json.encode(parcels)),
            )

    def first(self, count: int) -> list[Entry]:
        """The oldest entries."""
        with self._lock:
            rows = self._database.execute(
                "SELECT number, body, parcels FROM entries ORDER BY number LIMIT ?", (count,)
            ).fetchall()
        return [
            Entry(number, msgspec.json.decode(body, type=RunUpdate), msgspec.json.decode(parcels, type=list[Parcel]))
            for number, body, parcels in rows
        ]

    def remove(self, numbers: list[int]) -> None:
        """Forget entries that arrived, or that the manager refused."""
        with self._lock:
            self._database.executemany("DELETE FROM entries WHERE number = ?", [(number,) for number in numbers])

    def drop_run(self, run_id: str) -> None:
        """Forget all that a run had to say: it lost its task."""
        with self._lock:
            self._database.execute("DELETE FROM entries WHERE run_id = ?", (run_id,))

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._database.close()
