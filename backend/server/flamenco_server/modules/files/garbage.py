"""Files that nothing needs any more go away.

A file goes in two transactions. The first condemns it, if it is unused for the grace period and no job, output or
thumbnail names it at that moment: from then on it counts as absent. The second takes the row and deletes the bytes
before it commits. Whoever sends the file again in between takes the row back, and brings the bytes if they are gone. A
process that dies half way leaves a condemned row, which the next collection finishes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from flamenco_server.db import Database
from flamenco_server.helpers.upserts import upsert
from flamenco_server.modules.farm.recording import add_to_totals, totals
from flamenco_server.modules.files.models import File
from flamenco_server.modules.files.service import BYTES, FILES, batches
from flamenco_server.modules.files.store import BlobStore, StoredBlob
from flamenco_server.modules.jobs.models import Job, JobFile
from flamenco_server.modules.tasks.models import Output

REFERENCES = (JobFile.sha256, Output.sha256, Output.thumbnail, Job.thumbnail)


@dataclass(frozen=True)
class Collected:
    """What a collection took away."""

    files: int
    bytes: int


@dataclass(frozen=True)
class Collector:
    """Garbage collection; `grace` and, for the files of a deleted job, `short_grace` in seconds."""

    database: Database
    store: BlobStore
    clock: Callable[[], float]
    grace: float
    short_grace: float

    def collect(self, only: Iterable[str] | None = None) -> Collected:
        """Take away unneeded files: all of them, or those among `only`; all includes stray blobs and old uploads."""
        if only is None:
            self._adopt_strays()
            self._drop_old_uploads()
        cutoff = self._cutoff if only is None else self.clock() - self.short_grace
        total = Collected(0, 0)
        for batch in self._candidates(only):
            self.database.write(partial(_condemn, batch=batch, cutoff=cutoff))
            taken = self.database.write(partial(self._take, batch=batch))
            total = Collected(total.files + len(taken), total.bytes + sum(taken.values()))
        if only is None:
            self.database.write(_sum_up)
        return total

    @property
    def _cutoff(self) -> float:
        return self.clock() - self.grace

    def _candidates(self, only: Iterable[str] | None) -> Iterator[list[str]]:
        if only is not None:
            yield from batches(sorted(set(only)))
            return
        last = ""
        while True:
            query = (
                select(File.sha256)
                .where(File.sha256 > last, (File.used_at < self._cutoff) | File.condemned)
                .order_by(File.sha256)
                .limit(500)
            )
            with self.database.reading() as session:
                batch = list(session.scalars(query))
            if not batch:
                return
            yield batch
            last = batch[-1]

    def _take(self, session: Session, batch: list[str]) -> dict[str, int]:
        doomed = delete(File).where(File.sha256.in_(batch), File.condemned.is_(True))
        taken = {sha256: size for sha256, size in session.execute(doomed.returning(File.sha256, File.size))}
        self.store.delete(sorted(taken))
        return taken

    def _adopt_strays(self) -> None:
        """Blobs without a row get a condemned one, so that they go the same safe way."""
        for batch in batches(blob for blob in self.store.list() if blob.modified < self._cutoff):
            self.database.write(partial(_adopt, strays=batch))

    def _drop_old_uploads(self) -> None:
        """Uploads that nobody went on with, and what a killed process left in the staging folder."""
        for path in self.store.staging.iterdir():
            if path.is_file() and _modified(path) < self._cutoff:
                path.unlink(missing_ok=True)


def referenced(session: Session, hashes: list[str]) -> set[str]:
    """Those of `hashes` that a job's manifest, an output or a thumbnail names."""
    found: set[str] = set()
    for column in REFERENCES:
        found.update(session.scalars(select(column).where(column.in_(hashes)).distinct()))
    return found


def hashes_of_job(session: Session, job_id: int) -> set[str]:
    """All that a job names; to be read before it is deleted and collected after."""
    found = set(session.scalars(select(JobFile.sha256).where(JobFile.job_id == job_id)))
    for made in session.execute(select(Output.sha256, Output.thumbnail).where(Output.job_id == job_id)):
        found.update(made)
    return found - {""}


def _condemn(session: Session, batch: list[str], cutoff: float) -> None:
    needed = referenced(session, batch)
    free = [sha256 for sha256 in batch if sha256 not in needed]
    doomed = update(File).where(File.sha256.in_(free), File.used_at < cutoff, File.condemned.is_(False))
    gone = list(session.scalars(doomed.values(condemned=True).returning(File.size)))
    add_to_totals(session, {FILES: -len(gone), BYTES: -sum(gone)})


def _sum_up(session: Session) -> None:
    """Make the sums right, should they have drifted: two servers may have taken the same file at the same moment."""
    here = select(func.count(File.sha256), func.coalesce(func.sum(File.size), 0)).where(File.condemned.is_(False))
    number, size = session.execute(here).one()
    known = totals(session)
    add_to_totals(session, {FILES: number - known.get(FILES, 0), BYTES: int(size) - known.get(BYTES, 0)})


def _adopt(session: Session, strays: list[StoredBlob]) -> None:
    rows = [
        {"sha256": blob.sha256, "size": blob.size, "created_at": blob.modified, "used_at": 0.0, "condemned": True}
        for blob in strays
    ]
    session.execute(upsert(session, File).values(rows).on_conflict_do_nothing(index_elements=[File.sha256]))


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return float("inf")
