"""Sum up what runs did, in the transaction that ends them; and how many workers there were to do it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from flamenco_common.states import RunStatus, WorkerState
from sqlalchemy import Table, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from flamenco_server.modules.farm.models import Total, WorkerHour, WorkSlot
from flamenco_server.modules.managers.models import Worker

SLOT, HOUR = 300, 3600  # seconds
KEPT_SLOTS, KEPT_HOURS = 32 * 86400.0, 92 * 86400.0  # seconds
_LONGEST = 7 * 86400.0  # of a run, as far as it is summed up
_SAMPLE_SECONDS = 60.0
_SUMS = ("busy_seconds", "completed", "failed", "lost", "frames")
_SLOTS: Table = WorkSlot.__table__  # type: ignore[assignment]
_HOURS: Table = WorkerHour.__table__  # type: ignore[assignment]
_TOTALS: Table = Total.__table__  # type: ignore[assignment]


@dataclass(frozen=True)
class Ended:
    """A run that ended just now, after so many seconds of work."""

    manager_id: int
    worker_id: str
    status: RunStatus
    seconds: float
    frames: int


def sum_up(session: Session, ended: Sequence[Ended], now: float) -> None:
    """Add runs to the sums of their manager and their worker; two statements for any number of runs."""
    if not ended:
        return
    slots: dict[tuple[Any, ...], dict[str, float]] = defaultdict(_nothing)
    hours: dict[tuple[Any, ...], dict[str, float]] = defaultdict(_nothing)
    for run in ended:
        for length, sums, who in ((SLOT, slots, run.manager_id), (HOUR, hours, run.worker_id)):
            for start, seconds in spread(now - min(run.seconds, _LONGEST), now, length):
                sums[who, start]["busy_seconds"] += seconds
            last = sums[who, int(now // length) * length]
            if run.status.value in last:
                last[run.status.value] += 1
            last["frames"] += run.frames
    _add(session, _SLOTS, ("manager_id", "start"), slots)
    _add(session, _HOURS, ("worker_id", "start"), hours)


def spread(began: float, ended: float, length: int) -> Iterator[tuple[int, float]]:
    """How many seconds of a stretch lie in each slot of that length, by the slot's start."""
    start = int(began // length) * length
    while start < ended:
        seconds = min(ended, start + length) - max(began, start)
        if seconds > 0:
            yield start, seconds
        start += length


def _nothing() -> dict[str, float]:
    return dict.fromkeys(_SUMS, 0)


def _add(session: Session, table: Table, key: tuple[str, ...], sums: dict[tuple[Any, ...], dict[str, float]]) -> None:
    # In one order, so that two of these never wait for each other.
    rows = [{**dict(zip(key, who, strict=True)), **sums[who]} for who in sorted(sums)]
    connection = session.connection()
    connection.execute(_adding(table, connection.dialect.name, _SUMS), rows)


@cache
def _adding(table: Table, dialect: str, names: tuple[str, ...]) -> Any:
    """Insert a row, or add to the one that is there; built once, as it is a hot path."""
    fresh: Any = (postgresql.insert if dialect == "postgresql" else sqlite.insert)(table)
    added = {name: table.c[name] + fresh.excluded[name] for name in names}
    return fresh.on_conflict_do_update(index_elements=list(table.primary_key), set_=added)


def add_to_totals(session: Session, changes: dict[str, int]) -> None:
    """Change sums by name. Last in its transaction, as all who change them wait for each other."""
    rows = [{"name": name, "value": change} for name, change in sorted(changes.items()) if change]
    if rows:
        connection = session.connection()
        connection.execute(_adding(_TOTALS, connection.dialect.name, ("value",)), rows)


def totals(session: Session) -> dict[str, int]:
    """All sums by name."""
    return {row.name: row.value for row in session.execute(select(_TOTALS))}


@dataclass
class Samples:
    """Notes now and then how many workers could take work, so that one knows how busy they were."""

    silent_seconds: float
    _taken: dict[int, float] = field(default_factory=dict)

    def note(self, session: Session, now: float, managers: Iterable[int]) -> None:
        """Note it for each manager that was not noted within a minute."""
        for manager_id in sorted(set(managers)):
            if self._taken.get(manager_id, 0.0) <= now - _SAMPLE_SECONDS:
                self._taken[manager_id] = now
                self._note(session, now, manager_id)

    def _note(self, session: Session, now: float, manager_id: int) -> None:
        able = select(func.count(Worker.id)).where(
            Worker.manager_id == manager_id, Worker.enabled, Worker.state == WorkerState.AWAKE.value,
            Worker.faulty == "", Worker.last_seen_at > now - self.silent_seconds,
        )  # fmt: skip
        row = {"manager_id": manager_id, "start": int(now // SLOT) * SLOT, "workers": session.scalar(able) or 0}
        postgres = session.get_bind().dialect.name == "postgresql"
        fresh: Any = (postgresql.insert if postgres else sqlite.insert)(_SLOTS).values(**row, **_nothing())
        most = (func.greatest if postgres else func.max)(_SLOTS.c.workers, fresh.excluded.workers)
        session.execute(fresh.on_conflict_do_update(index_elements=list(_SLOTS.primary_key), set_={"workers": most}))


def trim(session: Session, now: float) -> None:
    """Forget what is too old to be looked at."""
    session.execute(delete(WorkSlot).where(WorkSlot.start < now - KEPT_SLOTS))
    session.execute(delete(WorkerHour).where(WorkerHour.start < now - KEPT_HOURS))
