"""What the farm has, and how a staged file becomes part of it.

Three things can happen to one file at once: it comes again, a job that needs it is submitted, and garbage collection
takes it. All three change the file's row first, so the database puts them in an order; `garbage` tells the rest.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from flamenco_server.db import Database
from flamenco_server.helpers.upserts import upsert
from flamenco_server.modules.farm.recording import add_to_totals
from flamenco_server.modules.files.errors import UnknownFile
from flamenco_server.modules.files.models import File
from flamenco_server.modules.files.store import BlobStore, Staged

BATCH = 500  # names in one statement
TOUCH_SECONDS = 3600.0  # a file that was asked for within the hour is not marked again; far below any grace period
_CONNECTIONS = 16
FILES, BYTES = "files", "bytes of files"  # sums that are kept up to date


def missing(session: Session, hashes: Sequence[str], now: float | None = None) -> list[str]:
    """Which of `hashes` the farm lacks, in their order; the others are marked as used.

    Inside the transaction that begins to need them this is safe against garbage collection.
    """
    now = time.time() if now is None else now
    found, stale = _known(session, hashes, now)
    for batch in batches(sorted(stale)):
        touched = update(File).where(File.sha256.in_(batch), File.condemned.is_(False)).values(used_at=now)
        found.update(session.scalars(touched.returning(File.sha256)))
    return [sha256 for sha256 in dict.fromkeys(hashes) if sha256 not in found]


def missing_now(database: Database, hashes: Sequence[str], now: float) -> list[str]:
    """`missing` on its own; it takes no write lock unless files have to be marked as used."""
    with database.reading() as session:
        found, stale = _known(session, hashes, now)
    if stale:
        return database.write(lambda session: missing(session, hashes, now))
    return [sha256 for sha256 in dict.fromkeys(hashes) if sha256 not in found]


def _known(session: Session, hashes: Iterable[str], now: float) -> tuple[set[str], set[str]]:
    """Files that were used just now, and those that are there but were not."""
    fresh: set[str] = set()
    stale: set[str] = set()
    for batch in batches(dict.fromkeys(hashes)):
        query = select(File.sha256, File.used_at).where(File.sha256.in_(batch), File.condemned.is_(False))
        for sha256, used_at in session.execute(query):
            (fresh if used_at > now - TOUCH_SECONDS else stale).add(sha256)
    return fresh, stale


def sizes(session: Session, hashes: Iterable[str]) -> dict[str, int]:
    """Hash → size of those files that the farm has."""
    found: dict[str, int] = {}
    for batch in batches(dict.fromkeys(hashes)):
        query = select(File.sha256, File.size).where(File.sha256.in_(batch), File.condemned.is_(False))
        found.update((sha256, size) for sha256, size in session.execute(query))
    return found


def all_sizes(session: Session, hashes: Sequence[str]) -> dict[str, int]:
    """Hash → size. Raises `UnknownFile` that names the first that the farm lacks."""
    found = sizes(session, hashes)
    lacking = [sha256 for sha256 in hashes if sha256 not in found]
    if lacking:
        more = f" and {len(lacking) - 1} others of the {len(hashes)} asked for" if len(lacking) > 1 else ""
        raise UnknownFile(f"the farm has no file {lacking[0]}{more}")
    return found


@dataclass(frozen=True)
class Keeper:
    """Takes staged files in."""

    database: Database
    store: BlobStore
    clock: Callable[[], float] = time.time

    def keep(self, staged: Sequence[Staged]) -> list[str]:
        """Make staged files part of the farm; the hashes of those that it did not have."""
        ordered = sorted(staged, key=lambda entry: entry.sha256)
        try:
            if self.store.remote:
                # The long part, before any row is locked.
                in_parallel(self.store.copy_up, ordered)
            return self.database.write(lambda session: self._keep(session, ordered))
        finally:
            for entry in ordered:
                entry.discard()

    def _keep(self, session: Session, staged: Sequence[Staged]) -> list[str]:
        had = sizes(session, [entry.sha256 for entry in staged])
        now = self.clock()
        rows = [
            {"sha256": entry.sha256, "size": entry.size, "created_at": now, "used_at": now, "condemned": False}
            for entry in staged
        ]
        for batch in batches(rows):
            fresh = upsert(session, File).values(batch)
            session.execute(
                fresh.on_conflict_do_update(index_elements=[File.sha256], set_={"used_at": now, "condemned": False})
            )
        # Each row is ours now: garbage collection can no longer take the bytes, but may have before.
        there = in_parallel(self.store.has, [entry.sha256 for entry in staged]) if self.store.remote else None
        for number, entry in enumerate(staged):
            if not (there[number] if there else self.store.has(entry.sha256)):
                self.store.publish(entry)
        fresh_sizes = {entry.sha256: entry.size for entry in staged if entry.sha256 not in had}
        add_to_totals(session, {FILES: len(fresh_sizes), BYTES: sum(fresh_sizes.values())})
        return [entry.sha256 for entry in staged if entry.sha256 not in had]


def in_parallel(work: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]:
    """Do `work` on all items over several connections to a remote store."""
    if len(items) == 1:
        return [work(items[0])]
    with ThreadPoolExecutor(min(_CONNECTIONS, len(items) or 1)) as pool:
        return list(pool.map(work, items))


def batches(items: Iterable[Any], size: int = BATCH) -> Iterator[list[Any]]:
    """Lists of at most `size` items."""
    source = iter(items)
    while batch := list(islice(source, size)):
        yield batch
