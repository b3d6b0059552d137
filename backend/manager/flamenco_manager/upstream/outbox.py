"""Updates that the server does not have yet, on disk, in the order in which they came."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Collection, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass

import msgspec
from flamenco_common.documents import RunUpdate
from sqlalchemy import Connection, bindparam, delete, func, insert, select

from flamenco_manager.db import Database
from flamenco_manager.upstream.models import OUTBOX

_DELETE = delete(OUTBOX).where(OUTBOX.c.number == bindparam("b_number"))
_DROP = delete(OUTBOX).where(OUTBOX.c.run_id == bindparam("b_run"))
_PAGE = 200
_PAGES = 50
_PAGE_AFTER = (
    select(OUTBOX.c.number, OUTBOX.c.body)
    .where(OUTBOX.c.number > bindparam("after"))
    .order_by(OUTBOX.c.number)
    .limit(_PAGE)
)
_decoder = msgspec.json.Decoder(RunUpdate)


@dataclass(frozen=True)
class Kept:
    """An update that waits here."""

    number: int
    update: RunUpdate


def files_of(update: RunUpdate) -> set[str]:
    """The hashes that an update names."""
    named = {output.sha256 for output in update.outputs} | {output.thumbnail for output in update.outputs}
    return named - {""}


class Outbox:
    """Writers hand in their own transaction; `runs` counts what waits, in memory, so that nobody asks the database for it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        with database.reading() as connection:
            rows = connection.execute(select(OUTBOX.c.run_id, func.count()).group_by(OUTBOX.c.run_id)).all()
        self._runs: Counter[str] = Counter({row[0]: row[1] for row in rows})

    def __len__(self) -> int:
        with self._lock:
            return self._runs.total()

    def holds(self, run_id: str) -> bool:
        """Whether something of that run waits."""
        with self._lock:
            return run_id in self._runs

    def add(self, connection: Connection, updates: Iterable[RunUpdate]) -> None:
        """Keep updates."""
        rows = [{"run_id": update.run_id, "body": msgspec.json.encode(update)} for update in updates]
        if rows:
            connection.execute(insert(OUTBOX), rows)
            with self._lock:
                self._runs.update(str(row["run_id"]) for row in rows)

    def first(self, most: int, waiting_for: Container[str]) -> list[Kept]:
        """The oldest that can go; one that names a file in `waiting_for` cannot yet, nor what its run said later."""
        found: list[Kept] = []
        stuck: set[str] = set()
        for kept in self._in_order():
            named = files_of(kept.update)
            if kept.update.run_id in stuck or any(sha256 in waiting_for for sha256 in named):
                stuck.add(kept.update.run_id)
                continue
            found.append(kept)
            if len(found) == most:
                break
            if named:  # what its run said later goes only after these files were found to be there
                stuck.add(kept.update.run_id)
        return found

    def _in_order(self) -> Iterator[Kept]:
        """All of them, or of a great many the oldest, read page by page."""
        after = 0
        for _ in range(_PAGES):
            with self._database.reading() as connection:
                rows = connection.execute(_PAGE_AFTER, {"after": after}).all()
            for row in rows:
                yield Kept(row.number, _decoder.decode(row.body))
            if len(rows) < _PAGE:
                return
            after = rows[-1].number

    def remove(self, connection: Connection, kept: Sequence[Kept]) -> None:
        """Forget updates that the server has."""
        if kept:
            connection.execute(_DELETE, [{"b_number": one.number} for one in kept])
            with self._lock:
                self._runs -= Counter(one.update.run_id for one in kept)

    def drop(self, connection: Connection, run_ids: Collection[str]) -> None:
        """Forget all that these runs had to say."""
        if run_ids:
            connection.execute(_DROP, [{"b_run": run_id} for run_id in run_ids])
            with self._lock:
                for run_id in run_ids:
                    self._runs.pop(run_id, None)
