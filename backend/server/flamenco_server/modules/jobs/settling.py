"""What follows from moved tasks: steps open or wait again, and the job takes the state that its tasks add up to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from flamenco_common.states import FINISHED_JOBS, JobState, TaskStatus, check_move, roll_up
from sqlalchemy import CursorResult, bindparam, select, update
from sqlalchemy.orm import Session

from flamenco_server.modules.jobs.aside import Kept, recount
from flamenco_server.modules.log.service import Event, emit
from flamenco_server.modules.tasks.moves import COUNTERS, JOBS, STEPS, TASKS, Tally, move_where

_COUNTS = tuple(COUNTERS.values())
_SHOWN = (
    JOBS.c.id,
    JOBS.c.state,
    JOBS.c.archived,
    JOBS.c.started_at,
    JOBS.c.finished_at,
    *(JOBS.c[name] for name in _COUNTS),
)
_JOBS = select(*_SHOWN).where(JOBS.c.id.in_(bindparam("ids", expanding=True))).order_by(JOBS.c.id)


def counts_of(row: Any) -> dict[TaskStatus, int]:
    """The counters of a job's or a step's row."""
    return {status: getattr(row, name) for status, name in COUNTERS.items()}


def steps_of(session: Session, job_ids: Iterable[int]) -> Mapping[int, list[Any]]:
    """The steps of those jobs with their counters, in order, by job."""
    columns = (STEPS.c.id, STEPS.c.job_id, STEPS.c.name, STEPS.c.after, *(STEPS.c[name] for name in _COUNTS))
    found: dict[int, list[Any]] = {}
    for row in session.execute(
        select(*columns).where(STEPS.c.job_id.in_(sorted(job_ids))).order_by(STEPS.c.job_id, STEPS.c.position)
    ):
        found.setdefault(row.job_id, []).append(row)
    return found


def is_complete(step: Any) -> bool:
    """Whether all tasks of a step are completed."""
    return not any(count for status, count in counts_of(step).items() if status is not TaskStatus.COMPLETED)


def ready(step: Any, steps: Sequence[Any]) -> bool:
    """Whether all steps that `step` waits for are complete."""
    return all(is_complete(other) for other in steps if other.name in step.after)


def settle(
    session: Session,
    tally: Tally,
    now: float,
    job_ids: Iterable[int] = (),
    opens: bool = True,
    events: Sequence[Event] = (),
) -> None:
    """Write the tally, open the steps that need no longer wait, and give each job the state that follows.

    `opens` is false where no task was completed, so no step can open. `events` are told with the jobs'.
    """
    changed = sorted({*tally.jobs, *job_ids})
    if not changed:
        emit(session, events)
        return
    tally.write(session)
    rows = session.connection().execute(_JOBS, {"ids": changed}).all()
    waiting = [row.id for row in rows if row.n_waiting]
    if opens and waiting and _open_steps(session, tally, waiting):
        rows = session.connection().execute(_JOBS, {"ids": changed}).all()
    for row in rows:
        set_state(session, row, roll_up(JobState(row.state), counts_of(row)), now)
    emit(session, [*events, *(job_event(row, roll_up(JobState(row.state), counts_of(row))) for row in rows)])


def _open_steps(session: Session, tally: Tally, job_ids: Sequence[int]) -> int:
    """Open the waiting steps of jobs that have any; returns how many tasks that queued."""
    opened = 0
    for steps in steps_of(session, job_ids).values():
        for step in steps:
            if step.n_waiting and ready(step, steps):
                opened += move_where(session, tally, TASKS.c.step_id == step.id, TaskStatus.WAITING, TaskStatus.QUEUED)
    tally.write(session)
    return opened


def set_state(session: Session, row: Any, state: JobState, now: float) -> None:
    """Move a job to `state`, as a compare-and-set; its times follow. `row` is the job's as it was before."""
    old = JobState(row.state)
    if old is state:
        return
    check_move(old, state)
    values: dict[str, Any] = {"state": state.value, "finished_at": now if state in FINISHED_JOBS else None}
    if row.started_at is None and state is JobState.PROCESSING:
        values["started_at"] = now
    moved = session.execute(update(JOBS).where(JOBS.c.id == row.id, JOBS.c.state == old.value).values(values))
    if cast(CursorResult[Any], moved).rowcount:
        recount(session, Kept(row.state, row.archived), Kept(state.value, row.archived))


def job_event(row: Any, state: JobState) -> Event:
    """What watchers hear of a job: its state and counters."""
    data = {"state": state.value, "counts": {status.value: count for status, count in counts_of(row).items()}}
    return Event("job", str(row.id), row.id, data)
