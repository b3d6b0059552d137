"""Machines' faults: a lease that ran out, a worker that died. The task goes back to the queue and spends no retry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flamenco_common.states import RunStatus, TaskStatus
from sqlalchemy import Integer, bindparam, select, update
from sqlalchemy.orm import Session

from flamenco_server.modules.farm.recording import Ended, sum_up
from flamenco_server.modules.jobs.settling import settle
from flamenco_server.modules.log.service import Event, emit
from flamenco_server.modules.tasks.models import Run
from flamenco_server.modules.tasks.moves import IS_PROCESSING, TASKS, Tally, lock_jobs, move_each

RUNS: Any = Run.__table__
_MOST = 500
EXPIRED = (
    select(TASKS.c.id, TASKS.c.job_id)
    .where(IS_PROCESSING, TASKS.c.lease_expires_at < bindparam("now"))
    .limit(bindparam("most", type_=Integer))
)


def expired(session: Session, now: float) -> list[tuple[int, int]]:
    """Ids of tasks whose lease ran out, with their job's."""
    rows = session.connection().execute(EXPIRED, {"now": now, "most": _MOST})
    return [(row.id, row.job_id) for row in rows]


def take_back_expired(session: Session, now: float, most_losses: int) -> int:
    """Put tasks whose lease ran out back in the queue; returns how many."""
    found = expired(session, now)
    if not found:
        return 0
    lock_jobs(session, [job_id for _, job_id in found])
    rows = session.execute(
        select(TASKS.c.id, TASKS.c.job_id, TASKS.c.step_id, TASKS.c.run_id, TASKS.c.losses).where(
            TASKS.c.id.in_([task_id for task_id, _ in found]),
            TASKS.c.status == TaskStatus.PROCESSING.value,
            TASKS.c.lease_expires_at < now,
        )
    ).all()
    if not rows:
        return 0
    reason = "the worker was not heard of until the lease ran out"
    session.connection().execute(
        update(RUNS)
        .where(RUNS.c.id == bindparam("b_id"), RUNS.c.status == RunStatus.PROCESSING.value)
        .values(status=RunStatus.LOST.value, reason=reason, finished_at=now),
        [{"b_id": row.run_id} for row in sorted(rows, key=lambda row: str(row.run_id))],
    )
    tally = Tally()
    lose(session, tally, rows, now, most_losses, dict.fromkeys([row.id for row in rows], reason))
    settle(session, tally, now)
    owners = select(RUNS.c.manager_id, RUNS.c.worker_id).where(RUNS.c.id.in_([row.run_id for row in rows]))
    lost = [Ended(run.manager_id, run.worker_id, RunStatus.LOST, 0.0, 0) for run in session.execute(owners)]
    sum_up(session, lost, now)
    return len(rows)


def lose(
    session: Session, tally: Tally, rows: Sequence[Any], now: float, most_losses: int, reasons: Mapping[int, str]
) -> None:
    """Requeue tasks that machines lost, or fail those that were lost too often.

    Rows have their losses so far; `reasons` says of each task why it was lost now.
    """
    back, gone = [], []
    for row in rows:
        common = {
            "id": row.id, "job_id": row.job_id, "step_id": row.step_id, "losses": row.losses + 1,
            "lease": None, "lease_expires_at": None, "worker_id": None,
        }  # fmt: skip
        if row.losses + 1 < most_losses:
            back.append({**common, "reason": ""})
        else:
            reason = f"machines lost this task {row.losses + 1} times, the last time because {reasons[row.id]}"
            gone.append({**common, "reason": reason, "finished_at": now})
    move_each(session, tally, TaskStatus.PROCESSING, TaskStatus.QUEUED, back)
    move_each(session, tally, TaskStatus.PROCESSING, TaskStatus.FAILED, gone)
    events = [(row, TaskStatus.QUEUED) for row in back] + [(row, TaskStatus.FAILED) for row in gone]
    emit(
        session,
        [Event("task", str(row["id"]), row["job_id"], {"status": status.value}) for row, status in events],
    )
