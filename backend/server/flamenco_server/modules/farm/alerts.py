"""What somebody should look at. All of it follows from the few rows of active jobs, running tasks, workers and managers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from flamenco_common.states import WorkerState
from sqlalchemy import select
from sqlalchemy.orm import Session

from flamenco_server.helpers.moments import moment, moment_of
from flamenco_server.modules.farm.schemas import Alert, Storage
from flamenco_server.modules.jobs.waiting import nobody_fits, takes_any
from flamenco_server.modules.scheduler.fleet import MANAGERS, Fleet
from flamenco_server.modules.scheduler.runs import RUNS
from flamenco_server.modules.tasks.moves import IS_PROCESSING, STEPS, TASKS

_MOST_IDS = 100
_MOST_JOBS = 200  # that are looked at; the first in the queue
_PATIENCE = 120.0  # seconds that a job may wait before somebody should look
_LONG_SECONDS, _LONG_TIMES, _MEASURED = 600.0, 10.0, 3
_FAILURES_IN_ROW = 3
_LOW_SHARE, _LOW_BYTES = 0.05, 5 * 1000**3


@dataclass(frozen=True)
class Seen:
    """What was read of the farm already."""

    jobs: Sequence[Any]  # the active ones, in the order of the queue
    workers: Sequence[Any]
    fleet: Fleet
    storage: Storage


def alerts(session: Session, seen: Seen) -> list[Alert]:
    """All of them, the gravest first."""
    return [
        *_disk(seen.storage), *_nobody(seen), *_silent_managers(session, seen), *_workers(seen),
        *_stuck_jobs(session, seen), *_long_runs(session, seen),
    ]  # fmt: skip


def _disk(storage: Storage) -> Iterator[Alert]:
    total, free = storage.disk_bytes, storage.disk_free_bytes
    if total and free is not None and free < max(_LOW_BYTES, _LOW_SHARE * total):
        text = f"The disk of the farm's files has {free / 1e9:.1f} GB left of {total / 1e9:.0f} GB."
        yield Alert(kind="disk low", about="farm", text=text)


def _nobody(seen: Seen) -> Iterator[Alert]:
    waiting = [job for job in seen.jobs if job.n_queued]
    if waiting and not any(seen.fleet.is_live(worker) for worker in seen.workers):
        ids = [str(job.id) for job in waiting[:_MOST_IDS]]
        yield Alert(kind="no workers", about="farm", text=f"{_counted(len(waiting), 'job waits', 'jobs wait')}, and no "
                    "worker takes work.", ids=ids)  # fmt: skip


def _silent_managers(session: Session, seen: Seen) -> Iterator[Alert]:
    """Those that should speak: one whose workers all signed off has nothing to say until one comes back."""
    old = seen.fleet.now - seen.fleet.silent_seconds
    busy = {worker.manager_id for worker in seen.workers if worker.state != WorkerState.OFFLINE.value}
    silent = select(MANAGERS).where(MANAGERS.c.enabled, MANAGERS.c.last_seen_at <= old, MANAGERS.c.id.in_(sorted(busy)))
    for row in session.execute(silent.order_by(MANAGERS.c.name)):
        text = f"The manager {row.name} was not heard of for {_spoken(seen.fleet.now - row.last_seen_at)}."
        yield Alert(
            kind="silent manager", about="manager", text=text, ids=[str(row.id)], since=moment(row.last_seen_at)
        )


def _workers(seen: Seen) -> Iterator[Alert]:
    """Those set aside or failing; and those that fell silent without signing off."""
    for row in seen.workers:
        if row.faulty:
            text = f"{row.name} was set aside: {row.faulty}."
            yield Alert(kind="failing worker", about="worker", text=text, ids=[row.id])
        elif row.failed_in_row >= _FAILURES_IN_ROW and row.enabled:
            text = f"{row.name} failed {row.failed_in_row} tasks in a row."
            yield Alert(kind="failing worker", about="worker", text=text, ids=[row.id])
        elif row.enabled and row.state == WorkerState.ERROR.value:
            text = f"{row.name} has an error: {row.reason or 'it does not say which'}"
            yield Alert(kind="failing worker", about="worker", text=text, ids=[row.id])
        silent = row.last_seen_at <= seen.fleet.now - seen.fleet.silent_seconds
        if silent and row.enabled and row.state == WorkerState.AWAKE.value:
            text = f"{row.name} fell silent {_spoken(seen.fleet.now - row.last_seen_at)} ago."
            since = moment_of(row.last_seen_at)
            yield Alert(kind="silent worker", about="worker", text=text, ids=[row.id], since=since)


def _stuck_jobs(session: Session, seen: Seen) -> Iterator[Alert]:
    """Jobs that no live worker can do; those that wait for busy workers are not stuck."""
    live = [worker for worker in seen.workers if seen.fleet.is_live(worker)]
    old = seen.fleet.now - _PATIENCE
    idle = [job for job in seen.jobs if job.n_queued and not job.n_processing and job.created_at <= old][:_MOST_JOBS]
    if not live or not idle:
        return
    steps = defaultdict(list)
    found = select(STEPS.c.job_id, STEPS.c.name, STEPS.c.requirements, STEPS.c.n_queued)
    wanted = found.where(STEPS.c.job_id.in_([job.id for job in idle])).order_by(STEPS.c.job_id, STEPS.c.position)
    for row in session.execute(wanted):
        steps[row.job_id].append(row)
    able: dict[tuple[str, ...], bool] = {}
    groups: dict[str, list[Any]] = defaultdict(list)
    for job in idle:
        # Jobs need the same as many others; each need is looked at once.
        needs = tuple(sorted(step.requirements for step in steps[job.id] if step.n_queued))
        if needs not in able:
            able[needs] = any(takes_any(worker, steps[job.id]) for worker in live)
        if not able[needs]:
            groups[nobody_fits(live, steps[job.id])].append(job)
    for sentence, jobs in groups.items():
        named = f"The job {jobs[0].name!r} is stuck" if len(jobs) == 1 else f"{len(jobs)} jobs are stuck"
        since = moment_of(min(job.created_at for job in jobs))
        ids = [str(job.id) for job in jobs[:_MOST_IDS]]
        yield Alert(kind="stuck job", about="job", text=f"{named}. {sentence}", ids=ids, since=since)


def _long_runs(session: Session, seen: Seen) -> Iterator[Alert]:
    """Runs that take many times as long as others of their step."""
    names = {worker.id: worker.name for worker in seen.workers}
    rows = session.execute(
        select(RUNS.c.id, RUNS.c.worker_id, RUNS.c.started_at, STEPS.c.name, STEPS.c.busy_seconds, STEPS.c.busy_runs)
        .join(TASKS, TASKS.c.run_id == RUNS.c.id)
        .join(STEPS, STEPS.c.id == TASKS.c.step_id)
        .where(IS_PROCESSING, STEPS.c.busy_runs >= _MEASURED, RUNS.c.started_at < seen.fleet.now - _LONG_SECONDS)
        .order_by(RUNS.c.started_at)
        .limit(_MOST_IDS)
    )
    for row in rows:
        seconds, mean = seen.fleet.now - row.started_at, row.busy_seconds / row.busy_runs
        if seconds > _LONG_TIMES * mean:
            text = (
                f"{names.get(row.worker_id, row.worker_id)} has worked on a task of {row.name!r} for "
                f"{_spoken(seconds)}; others took {_spoken(mean)}."
            )
            yield Alert(kind="long run", about="run", text=text, ids=[row.id], since=moment_of(row.started_at))


def _counted(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _spoken(seconds: float) -> str:
    for length, word in ((86400.0, "day"), (3600.0, "hour"), (60.0, "minute")):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {word}s"
    return f"{seconds:.0f} seconds"
