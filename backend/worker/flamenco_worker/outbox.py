"""What this worker has to tell its manager, kept on disk until the manager has it."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections import deque
from dataclasses import dataclass
from pathlib import Path

import msgspec
from flamenco_common.documents import RunUpdate

from flamenco_worker.errors import BadConfig

_log = logging.getLogger(__name__)


class Parcel(msgspec.Struct, frozen=True):
    """A file that must be at the manager before the update that names it: its hash, and where it is, or else is.

    `once`: nobody needs it here when it has arrived.
    """

    sha256: str
    path: str
    spare: str = ""
    once: bool = False

    def file(self) -> Path | None:
        """Where it is now."""
        return next((Path(each) for each in (self.path, self.spare) if each and Path(each).is_file()), None)


@dataclass(frozen=True)
class Entry:
    """One update that waits."""

    number: int
    update: RunUpdate
    parcels: list[Parcel]


class Outbox:
    """Updates in the order in which they were added.

    The database is held exclusively: a second worker on the same data folder is told so. While the disk is full, updates
    are kept in memory.
    """

    def __init__(self, file: Path) -> None:
        """Raises `BadConfig` if another worker uses the file. A damaged one is set aside."""
        self._lock = threading.Lock()
        self._loose: deque[Entry] = deque()
        try:
            self._database = _opened(file)
        except sqlite3.OperationalError as error:
            raise BadConfig(
                f"the outbox {file} cannot be used ({error}): does another worker use this folder?"
            ) from error
        except sqlite3.DatabaseError as error:
            _log.error("the outbox %s is damaged (%s): it is set aside", file, error)
            for suffix in ("", "-wal", "-shm"):
                beside = file.with_name(file.name + suffix)
                if beside.exists():
                    beside.replace(file.with_name(f"{file.name}.damaged{suffix}"))
            self._database = _opened(file)

    def add(self, update: RunUpdate, parcels: list[Parcel]) -> None:
        """Keep an update."""
        with self._lock:
            if not self._loose:
                try:
                    self._write(update, parcels)
                    return
                except sqlite3.Error as error:
                    _log.error("an update cannot be kept on disk, only in memory: %s", error)
            number = self._loose[-1].number - 1 if self._loose else -1
            self._loose.append(Entry(number, update, parcels))

    def _write(self, update: RunUpdate, parcels: list[Parcel]) -> None:
        self._database.execute(
            "INSERT INTO entries (run_id, body, parcels) VALUES (?, ?, ?)",
            (update.run_id, msgspec.json.encode(update), msgspec.json.encode(parcels)),
        )
        self._database.execute("INSERT OR REPLACE INTO numbers VALUES (?, ?)", (update.run_id, update.seq))

    def first(self, count: int) -> list[Entry]:
        """The oldest entries."""
        with self._lock:
            rows = self._database.execute(
                "SELECT number, body, parcels FROM entries ORDER BY number LIMIT ?", (count,)
            ).fetchall()
            loose = list(self._loose)[: count - len(rows)]
        kept = [
            Entry(number, msgspec.json.decode(body, type=RunUpdate), msgspec.json.decode(parcels, type=list[Parcel]))
            for number, body, parcels in rows
        ]
        return kept + loose

    def last_seq(self, run_id: str) -> int:
        """The number of the last update of a run that is not over, 0 if there was none."""
        with self._lock:
            row = self._database.execute("SELECT seq FROM numbers WHERE run_id = ?", (run_id,)).fetchone()
        return int(row[0]) if row else 0

    def remove(self, number: int) -> None:
        """Forget an entry that arrived, or that the manager refused."""
        with self._lock:
            if number > 0:
                self._database.execute("DELETE FROM entries WHERE number = ?", (number,))
            else:
                self._loose = deque(entry for entry in self._loose if entry.number != number)

    def drop_run(self, run_id: str) -> None:
        """Forget all of a run: it is over, or lost its task."""
        with self._lock:
            self._loose = deque(entry for entry in self._loose if entry.update.run_id != run_id)
            self._database.execute("DELETE FROM entries WHERE run_id = ?", (run_id,))
            self._database.execute("DELETE FROM numbers WHERE run_id = ?", (run_id,))

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._database.close()


def _opened(file: Path) -> sqlite3.Connection:
    database = sqlite3.connect(file, check_same_thread=False, isolation_level=None, timeout=1.0)
    for statement in (
        "PRAGMA locking_mode=EXCLUSIVE",
        "PRAGMA journal_mode=WAL",
        "PRAGMA synchronous=NORMAL",
        "CREATE TABLE IF NOT EXISTS entries (number INTEGER PRIMARY KEY AUTOINCREMENT, run_id TEXT, body BLOB, parcels BLOB)",
        "CREATE TABLE IF NOT EXISTS numbers (run_id TEXT PRIMARY KEY, seq INTEGER)",
        "DELETE FROM numbers WHERE rowid <= (SELECT max(rowid) - 1000 FROM numbers)",
    ):
        database.execute(statement)
    return database
