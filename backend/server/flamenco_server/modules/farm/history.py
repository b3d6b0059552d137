"""What the farm and its workers did, from the sums that were written as it happened."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from flamenco_server.helpers.moments import moment_of
from flamenco_server.modules.farm.models import WorkerHour, WorkSlot
from flamenco_server.modules.farm.recording import HOUR, SLOT, spread
from flamenco_server.modules.farm.schemas import History, Lately
from flamenco_server.modules.managers.schemas import WorkDone
from flamenco_server.modules.scheduler.runs import RUNS
from flamenco_server.modules.tasks.moves import IS_PROCESSING, TASKS

_LENGTHS = (SLOT, 900, HOUR, 6 * HOUR, 24 * HOUR)
_MOST_SLOTS = 300
_SUMS = ("busy_seconds", "completed", "failed", "lost", "frames")
# What has not ended is summed up nowhere; there are as many as workers.
_GOING_ON = (
    select(RUNS.c.started_at, RUNS.c.worker_id).join(TASKS, TASKS.c.run_id == RUNS.c.id).where(IS_PROCESSING)
)  # fmt: skip


@dataclass
class _Slot:
    busy_seconds: float = 0.0
    completed: int = 0
    failed: int = 0
    lost: int = 0
    frames: int = 0
    workers: dict[int, int] = field(default_factory=dict)  # manager -> the most of its own


def farm_history(session: Session, hours: float, slot_minutes: int, now: float) -> History:
    """What the whole farm did in the last hours."""
    length = slot_minutes * 60 // SLOT * SLOT or next(
        (each for each in _LENGTHS if hours * HOUR / each <= _MOST_SLOTS), _LENGTHS[-1]
    )
    first = int((now - hours * HOUR) // length) * length
    slots: dict[int, _Slot] = defaultdict(_Slot)
    for row in session.scalars(select(WorkSlot).where(WorkSlot.start >= first, WorkSlot.start <= now)):
        slot = slots[row.start // length * length]
        _add(slot, row)
        slot.workers[row.manager_id] = max(row.workers, slot.workers.get(row.manager_id, 0))
    for run in session.execute(_GOING_ON):
        _go_on(slots, run.started_at, now, length, first)
    return _columns(slots, range(first, int(now) + 1, length), length, now)


def worker_history(session: Session, worker_id: str, hours: float, now: float) -> History:
    """What one worker did in the last hours."""
    first = int((now - hours * HOUR) // HOUR) * HOUR
    slots: dict[int, _Slot] = defaultdict(_Slot)
    rows = select(WorkerHour).where(WorkerHour.worker_id == worker_id, WorkerHour.start >= first)
    for row in session.scalars(rows):
        _add(slots[row.start], row)
    for run in session.execute(_GOING_ON.where(TASKS.c.worker_id == worker_id)):
        _go_on(slots, run.started_at, now, HOUR, first)
    return _columns(slots, range(first, int(now) + 1, HOUR), HOUR, now)


def last_day(session: Session, worker_ids: Sequence[str], now: float) -> dict[str, WorkDone]:
    """What those workers did in the last 24 hours, by worker; a few rows each."""
    first = int((now - 24 * HOUR) // HOUR) * HOUR
    sums = {worker_id: _Slot() for worker_id in worker_ids}
    rows = select(WorkerHour).where(WorkerHour.worker_id.in_(worker_ids), WorkerHour.start >= first)
    for row in session.scalars(rows):
        _add(sums[row.worker_id], row)
    return {worker_id: WorkDone(**{name: getattr(slot, name) for name in _SUMS}) for worker_id, slot in sums.items()}


def lately(session: Session, now: float) -> Lately:
    """What the farm did in the last hour."""
    found = farm_history(session, 1.0, SLOT // 60, now)
    # A slot is as long as it lasted so far.
    there = sum(
        (workers or 0) * min(SLOT, now - at.timestamp()) for at, workers in zip(found.at, found.workers, strict=True)
    )
    busy = sum(found.busy_seconds)
    return Lately(
        frames=sum(found.frames), completed=sum(found.completed), failed=sum(found.failed), lost=sum(found.lost),
        busy_share=min(1.0, busy / there) if there else None,
    )  # fmt: skip


def _add(slot: _Slot, row: Any) -> None:
    for name in _SUMS:
        setattr(slot, name, getattr(slot, name) + getattr(row, name))


def _go_on(slots: dict[int, _Slot], began: float, now: float, length: int, first: int) -> None:
    for start, seconds in spread(max(began, first), now, length):
        slots[start].busy_seconds += seconds


def _columns(slots: dict[int, _Slot], starts: Iterable[int], length: int, now: float) -> History:
    made = [(start, slots.get(start, _Slot())) for start in starts]
    return History(
        slot_seconds=length,
        at=[moment_of(start) for start, _ in made],
        workers=[sum(slot.workers.values()) if slot.workers else None for _, slot in made],
        busy_seconds=[_possible(slot, min(length, now - start)) for start, slot in made],
        completed=[slot.completed for _, slot in made],
        failed=[slot.failed for _, slot in made],
        lost=[slot.lost for _, slot in made],
        frames=[slot.frames for _, slot in made],
    )


def _possible(slot: _Slot, seconds: float) -> float:
    """No more than the workers had: a run that was fetched ahead began when it was handed out."""
    most = seconds * sum(slot.workers.values()) if slot.workers else slot.busy_seconds
    return round(min(slot.busy_seconds, most), 3)
