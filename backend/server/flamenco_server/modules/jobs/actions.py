"""What people do to a job: cancel, pause, resume, requeue. Each is one transaction under the job's row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from flamenco_common.frames import BadFrames, Frames
from flamenco_common.states import (
    FINISHED_JOBS,
    FINISHED_TASKS,
    JobState,
    RunStatus,
    TaskStatus,
    check_move,
    roll_up,
)  # fmt: skip
from sqlalchemy import ColumnElement, delete, select, true, update
from sqlalchemy.orm import Session

from flamenco_server.db import Database
from flamenco_server.errors import Conflict, Invalid, NotFound
from flamenco_server.modules.jobs.schemas import Requeue
from flamenco_server.modules.jobs.settling import counts_of, ready, set_state, settle, steps_of
from flamenco_server.modules.log.service import Event, emit, record
from flamenco_server.modules.tasks.models import Run, TaskFailure
from flamenco_server.modules.tasks.moves import IS_PROCESSING, JOBS, TASKS, Tally, lock_jobs, move_where

_FRESH: dict[str, Any] = {"failures": 0, "losses": 0, "reason": "", "finished_at": None}
_FREE: dict[str, Any] = {"lease": None, "lease_expires_at": None, "worker_id": None}
_CHUNK = 500


class JobActions:
    """The buttons of a job and of a task."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    def cancel(self, job_id: int, actor: str) -> None:
        """Cancel what is not finished; workers drop their runs with their next update."""

        def work(session: Session, job: Any, tally: Tally) -> None:
            self._set(session, job, JobState.CANCELED)
            self._cancel_tasks(session, tally, TASKS.c.job_id == job_id)
            settle(session, tally, self._clock(), [job_id])

        self._do(job_id, "cancel", actor, work)

    def pause(self, job_id: int, actor: str) -> None:
        """Hand out no more tasks; those that run may finish."""
        self._do(job_id, "pause", actor, lambda session, job, _: self._set(session, job, JobState.PAUSED))

    def resume(self, job_id: int, actor: str) -> None:
        """Go on with a paused job."""

        def work(session: Session, job: Any, tally: Tally) -> None:
            if job.state != JobState.PAUSED.value:
                raise Conflict(f"a job that is {job.state} cannot be resumed")
            self._set(session, job, roll_up(JobState.QUEUED, counts_of(job)))
            settle(session, tally, self._clock(), [job_id])

        self._do(job_id, "resume", actor, work)

    def requeue(self, job_id: int, what: Requeue, actor: str) -> int:
        """Do tasks again, and the steps that wait for theirs; returns how many tasks of those asked for."""
        moved = 0

        def work(session: Session, _: Any, tally: Tally) -> None:
            nonlocal moved
            moved = self._requeue(session, tally, job_id, _chosen(session, job_id, what))
            if not moved:
                raise Conflict("none of these tasks is finished: there is nothing to do again")
            tally.write(session)
            now = _job_row(session, job_id)
            if JobState(now.state) in FINISHED_JOBS:
                self._set(session, now, roll_up(JobState.QUEUED, counts_of(now)))
            settle(session, tally, self._clock(), [job_id])

        self._do(job_id, "requeue", actor, work, _worded(what))
        return moved

    def cancel_task(self, task_id: int, actor: str) -> None:
        """Cancel one task."""
        job_id = self._job_of(task_id)

        def work(session: Session, _: Any, tally: Tally) -> None:
            before = session.scalar(select(TASKS.c.status).where(TASKS.c.id == task_id))
            check_move(TaskStatus(before), TaskStatus.CANCELED)
            self._cancel_tasks(session, tally, TASKS.c.id == task_id)
            settle(session, tally, self._clock(), [job_id])
            emit(session, [Event("task", str(task_id), job_id, {"status": TaskStatus.CANCELED.value})])

        self._do(job_id, f"cancel task {task_id}", actor, work)

    def requeue_task(self, task_id: int, actor: str) -> None:
        """Do one task again."""
        self.requeue(self._job_of(task_id), Requeue(tasks=[task_id]), actor)

    def _job_of(self, task_id: int) -> int:
        with self._database.reading() as session:
            job_id = session.scalar(select(TASKS.c.job_id).where(TASKS.c.id == task_id))
        if job_id is None:
            raise NotFound(f"there is no task {task_id}")
        return int(job_id)

    def _do(
        self, job_id: int, action: str, actor: str, work: Callable[[Session, Any, Tally], None], detail: str = ""
    ) -> None:
        def whole(session: Session) -> None:
            if not lock_jobs(session, [job_id]):
                raise NotFound(f"there is no job {job_id}")
            work(session, _job_row(session, job_id), Tally())
            record(session, actor, action, "job", job_id, detail)

        self._database.write(whole)

    def _set(self, session: Session, job: Any, state: JobState) -> None:
        set_state(session, job, state, self._clock())
        emit(session, [Event("job", str(job.id), job.id, {"state": state.value})])

    def _cancel_tasks(self, session: Session, tally: Tally, which: ColumnElement[bool]) -> None:
        self._cancel_runs(session, which)
        for old in (TaskStatus.WAITING, TaskStatus.QUEUED, TaskStatus.PROCESSING):
            move_where(session, tally, which, old, TaskStatus.CANCELED, finished_at=self._clock(), **_FREE)

    def _cancel_runs(self, session: Session, which: ColumnElement[bool]) -> None:
        owning = select(TASKS.c.run_id).where(which, IS_PROCESSING)
        session.execute(
            update(Run)
            .where(Run.id.in_(owning), Run.status == RunStatus.PROCESSING.value)
            .values(status=RunStatus.CANCELED.value, finished_at=self._clock())
            .execution_options(synchronize_session=False)
        )

    def _requeue(self, session: Session, tally: Tally, job_id: int, chosen: Sequence[ColumnElement[bool]]) -> int:
        """Queue the finished ones of the chosen tasks; make every step that depends on theirs wait and run again."""
        moved, touched = 0, set()
        for which in chosen:
            where = which & (TASKS.c.job_id == job_id)
            finished = TASKS.c.status.in_([status.value for status in FINISHED_TASKS])
            touched |= set(session.scalars(select(TASKS.c.step_id).where(where, finished).distinct()))
            session.execute(delete(TaskFailure).where(TaskFailure.task_id.in_(select(TASKS.c.id).where(where))))
            for old in sorted(FINISHED_TASKS):
                moved += move_where(session, tally, where, old, TaskStatus.QUEUED, **_FRESH, **_FREE)
        tally.write(session)
        self._make_dependents_wait(session, tally, steps_of(session, [job_id]).get(job_id, []), touched)
        return moved

    def _make_dependents_wait(self, session: Session, tally: Tally, steps: Sequence[Any], touched: set[int]) -> None:
        """Steps are in an order in which each comes after those it waits for."""
        stale = {step.name for step in steps if step.id in touched}
        for step in steps:
            reopened = bool(stale.intersection(step.after))
            if reopened:
                stale.add(step.name)
            if reopened or not ready(step, steps):
                self._make_wait(session, tally, TASKS.c.step_id == step.id, reopened)
        tally.write(session)

    def _make_wait(self, session: Session, tally: Tally, which: ColumnElement[bool], finished_too: bool) -> None:
        if finished_too:
            self._cancel_runs(session, which)
            move_where(session, tally, which, TaskStatus.PROCESSING, TaskStatus.QUEUED, **_FREE)
            for old in sorted(FINISHED_TASKS):
                move_where(session, tally, which, old, TaskStatus.WAITING, **_FRESH, **_FREE)
        move_where(session, tally, which, TaskStatus.QUEUED, TaskStatus.WAITING)


def _job_row(session: Session, job_id: int) -> Any:
    return session.execute(select(JOBS).where(JOBS.c.id == job_id)).one()


def _worded(what: Requeue) -> str:
    """Which tasks were asked for, for the operation log."""
    if what.tasks:
        return f"task {what.tasks[0]}" if len(what.tasks) == 1 else f"{len(what.tasks)} tasks"
    if what.frames:
        return f"frames {what.frames}"[:500]
    return "the failed tasks" if what.failed else "all tasks"


def _chosen(session: Session, job_id: int, what: Requeue) -> list[ColumnElement[bool]]:
    """Conditions that together name the chosen tasks."""
    given = [bool(what.tasks), bool(what.frames), what.failed]
    if sum(given) > 1:
        raise Invalid("give one of tasks, frames or failed", "tasks")
    if what.failed:
        return [TASKS.c.status == TaskStatus.FAILED.value]
    if not any(given):
        return [true()]
    ids = _of_frames(session, job_id, what.frames) if what.frames else _of_job(session, job_id, what.tasks)
    return [TASKS.c.id.in_(ids[start : start + _CHUNK]) for start in range(0, len(ids), _CHUNK)]


def _of_job(session: Session, job_id: int, ids: Sequence[int]) -> list[int]:
    found: set[int] = set()
    for start in range(0, len(ids), _CHUNK):
        part = ids[start : start + _CHUNK]
        found |= set(session.scalars(select(TASKS.c.id).where(TASKS.c.job_id == job_id, TASKS.c.id.in_(part))))
    for task_id in ids:
        if task_id not in found:
            raise Invalid(f"the job {job_id} has no task {task_id}", "tasks")
    return sorted(found)


def _of_frames(session: Session, job_id: int, text: str) -> list[int]:
    """The tasks that do any of those frames."""
    try:
        wanted = set(Frames.parse(text))
    except BadFrames as error:
        raise Invalid(str(error), "frames") from error
    ids, covered = [], set()
    for task_id, params in session.execute(select(TASKS.c.id, TASKS.c.params).where(TASKS.c.job_id == job_id)):
        frames = msgspec.json.decode(params).get("frames")
        common = wanted.intersection(Frames.parse(frames)) if frames else set()
        if common:
            ids.append(task_id)
            covered |= common
    if wanted - covered:
        raise Invalid(f"no task of the job {job_id} does the frames {Frames.of(wanted - covered)}", "frames")
    return ids
