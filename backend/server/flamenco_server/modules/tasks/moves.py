"""The one place that writes a task's status, and the counters with it.

Whoever calls this holds the row of the job (`lock_jobs`), so what was counted stays true until the commit. A move is a
compare-and-set: rows that are no longer in the old status are left alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from flamenco_common.states import TaskStatus, check_move
from sqlalchemy import ColumnElement, Table, Update, bindparam, func, select, text, update
from sqlalchemy.orm import Session

from flamenco_server.modules.jobs.models import Job, Step
from flamenco_server.modules.tasks.models import Task

TASKS: Table = Task.__table__  # type: ignore[assignment]
STEPS: Table = Step.__table__  # type: ignore[assignment]
JOBS: Table = Job.__table__  # type: ignore[assignment]
# Literal, not bound: only so do SQLite and a prepared statement of PostgreSQL see that a partial index fits.
IS_QUEUED = text("tasks.status = 'queued'")
IS_PROCESSING = text("tasks.status = 'processing'")
IS_ACTIVE = text("jobs.state IN ('queued', 'processing')")
COUNTERS = {status: f"n_{status.value}" for status in TaskStatus}


# Statements of the hot paths are built once: building one costs as much as running it.
_LOCK = select(JOBS.c.id).where(JOBS.c.id.in_(bindparam("ids", expanding=True))).order_by(JOBS.c.id).with_for_update()


def lock_jobs(session: Session, job_ids: Iterable[int]) -> list[int]:
    """Take the rows of those jobs until the commit, in the order of their ids; returns those that exist."""
    ids = sorted(set(job_ids))
    if not ids:
        return []
    return list(session.connection().execute(_LOCK, {"ids": ids}).scalars())


@lru_cache(maxsize=256)
def _counting(table: Table, names: tuple[str, ...]) -> Update:
    """Add to counters of one row."""
    return (
        update(table)
        .where(table.c.id == bindparam("b_id"))
        .values({table.c[name]: table.c[name] + bindparam(name, type_=table.c[name].type) for name in names})
    )


@lru_cache(maxsize=256)
def _moving(old: TaskStatus, new: TaskStatus, columns: tuple[str, ...]) -> Update:
    """Move one task, and set columns of it."""
    return (
        update(TASKS)
        .where(TASKS.c.id == bindparam("b_id"), TASKS.c.status == old.value)
        .values({"status": new.value, **{name: bindparam(f"v_{name}") for name in columns}})
    )


class Tally:
    """Gathers how counters change, and writes all at once: steps first, then jobs, each in the order of their ids."""

    def __init__(self) -> None:
        self._steps: dict[int, dict[str, float]] = defaultdict(lambda: defaultdict(int))
        self._jobs: dict[int, dict[str, float]] = defaultdict(lambda: defaultdict(int))

    @property
    def jobs(self) -> list[int]:
        """The jobs whose counters change."""
        return sorted(self._jobs)

    def add(self, job_id: int, step_id: int, old: TaskStatus | None, new: TaskStatus, count: int = 1) -> None:
        """`count` tasks go from `old` (None: they are made) to `new`."""
        for counters in (self._steps[step_id], self._jobs[job_id]):
            if old is not None:
                counters[COUNTERS[old]] -= count
            counters[COUNTERS[new]] += count

    def busy(self, job_id: int, step_id: int, seconds: float) -> None:
        """A completed run took `seconds`."""
        for counters in (self._steps[step_id], self._jobs[job_id]):
            counters["busy_seconds"] += seconds
            counters["busy_runs"] += 1

    def write(self, session: Session) -> None:
        """Write what was gathered, and start again."""
        connection = session.connection()
        for table, changes in ((STEPS, self._steps), (JOBS, self._jobs)):
            for row_id in sorted(changes):
                deltas = {name: delta for name, delta in sorted(changes[row_id].items()) if delta}
                if deltas:
                    connection.execute(_counting(table, tuple(deltas)), {"b_id": row_id, **deltas})
        self._steps.clear()
        self._jobs.clear()


def move_each(
    session: Session, tally: Tally, old: TaskStatus, new: TaskStatus, rows: Sequence[Mapping[str, Any]]
) -> None:
    """Move single tasks, in the order of their ids. A row has `id`, `job_id`, `step_id`, and the columns to set."""
    if not rows:
        return
    check_move(old, new)
    ordered = sorted(rows, key=lambda row: int(row["id"]))
    columns = [name for name in ordered[0] if name not in ("id", "job_id", "step_id")]
    session.connection().execute(
        _moving(old, new, tuple(columns)),
        [{"b_id": row["id"], **{f"v_{name}": row[name] for name in columns}} for row in ordered],
    )
    for row in ordered:
        tally.add(row["job_id"], row["step_id"], old, new)


def move_where(
    session: Session, tally: Tally, where: ColumnElement[bool], old: TaskStatus, new: TaskStatus, **values: Any
) -> int:
    """Move all tasks of status `old` that fit `where`; returns how many there were."""
    check_move(old, new)
    fits = (where, TASKS.c.status == old.value)
    counted = session.execute(
        select(TASKS.c.job_id, TASKS.c.step_id, func.count()).where(*fits).group_by(TASKS.c.job_id, TASKS.c.step_id)
    ).all()
    if not counted:
        return 0
    session.execute(update(TASKS).where(*fits).values(status=new.value, **values))
    for job_id, step_id, count in counted:
        tally.add(job_id, step_id, old, new, count)
    return sum(row[2] for row in counted)
