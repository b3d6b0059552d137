"""What goes on now, read at most every few seconds however many look."""

from __future__ import annotations

import shutil
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flamenco_common.states import JobState, WorkerState
from sqlalchemy import select
from sqlalchemy.orm import Session

from flamenco_server.config import ServerConfig
from flamenco_server.db import Database
from flamenco_server.helpers.moments import moment_of
from flamenco_server.modules.farm.alerts import Seen, alerts
from flamenco_server.modules.farm.history import lately
from flamenco_server.modules.farm.recording import totals
from flamenco_server.modules.farm.schemas import Farm, JobStates, QueueEnd, Storage, TaskStates, WorkerStates
from flamenco_server.modules.files.service import BYTES, FILES
from flamenco_server.modules.jobs.aside import set_aside
from flamenco_server.modules.scheduler.fleet import WORKERS, Fleet
from flamenco_server.modules.tasks.moves import IS_ACTIVE, IS_PROCESSING, JOBS, TASKS

_FRESH_SECONDS = 2.0
_ACTIVE = (
    select(
        JOBS.c.id, JOBS.c.name, JOBS.c.type, JOBS.c.state, JOBS.c.created_at, JOBS.c.n_waiting, JOBS.c.n_queued,
        JOBS.c.n_processing, JOBS.c.busy_seconds, JOBS.c.busy_runs, JOBS.c.max_workers,
    )
    .where(IS_ACTIVE)
    .order_by(JOBS.c.priority.desc(), JOBS.c.id)
)  # fmt: skip


class FarmNow:
    """Answers what goes on; several hundred dashboards cost as much as one."""

    def __init__(self, database: Database, config: ServerConfig, clock: Callable[[], float]) -> None:
        self._database = database
        self._config = config
        self._clock = clock
        self._lock = threading.Lock()
        self._last: Farm | None = None

    def __call__(self) -> Farm:
        """What goes on now, a few seconds old at most."""
        with self._lock:
            now = self._clock()
            if self._last is None or not 0 <= now - self._last.at.timestamp() < _FRESH_SECONDS:
                with self._database.reading() as session:
                    self._last = self._read(session, now)
            return self._last

    def _read(self, session: Session, now: float) -> Farm:
        jobs = session.execute(_ACTIVE).all()
        workers = session.execute(select(WORKERS).order_by(WORKERS.c.name)).all()
        fleet = Fleet(now, self._config.worker_silent_seconds)
        known = totals(session)
        storage = self._storage(known)
        return Farm(
            at=moment_of(now),
            workers=_workers(workers, _busy(session), fleet),
            jobs=_jobs(known, jobs),
            tasks=TaskStates(**{name: sum(getattr(job, f"n_{name}") for job in jobs) for name in _TASKS}),
            last_hour=lately(session, now),
            queue=queue_end(jobs, sum(fleet.is_live(worker) for worker in workers)),
            storage=storage,
            alerts=alerts(session, Seen(jobs, workers, fleet, storage)),
        )

    def storage(self, session: Session) -> Storage:
        """What the files take, and what is free."""
        return self._storage(totals(session))

    def _storage(self, known: Mapping[str, int]) -> Storage:
        place = self._config.files_location()
        disk = None
        if "://" not in place:
            try:
                disk = shutil.disk_usage(place)
            except OSError:
                disk = None
        return Storage(
            files=known.get(FILES, 0), files_bytes=known.get(BYTES, 0), disk_bytes=disk.total if disk else None,
            disk_free_bytes=disk.free if disk else None, place=place,
        )  # fmt: skip


_TASKS = ("waiting", "queued", "processing")


def _busy(session: Session) -> set[str]:
    return set(session.scalars(select(TASKS.c.worker_id).where(IS_PROCESSING).distinct()))


def _workers(workers: Sequence[Any], busy: set[str], fleet: Fleet) -> WorkerStates:
    counts: dict[str, int] = defaultdict(int)
    for worker in workers:
        counts[_state(worker, fleet)] += 1
    states = {state.value: counts[state.value] for state in WorkerState}
    at_work = sum(worker.id in busy and _state(worker, fleet) == WorkerState.AWAKE.value for worker in workers)
    return WorkerStates(**states, disabled=counts["disabled"], busy=at_work)


def _state(worker: Any, fleet: Fleet) -> str:
    if worker.faulty:
        return WorkerState.ERROR.value
    if not worker.enabled:
        return "disabled"
    if worker.last_seen_at <= fleet.now - fleet.silent_seconds:
        return WorkerState.OFFLINE.value
    return str(worker.state)


def _jobs(known: Mapping[str, int], active: Sequence[Any]) -> JobStates:
    processing = sum(job.state == JobState.PROCESSING.value for job in active)
    return JobStates(queued=len(active) - processing, processing=processing, **set_aside(known))


def queue_end(jobs: Sequence[Any], workers: int) -> QueueEnd:
    """When the active jobs are done: all work over all workers, or the longest job over those that it may have."""
    seconds_of_type: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for job in jobs:
        seconds_of_type[job.type][0] += job.busy_seconds
        seconds_of_type[job.type][1] += job.busy_runs
    work, longest, unmeasured = 0.0, 0.0, 0
    for job in jobs:
        seconds, runs = (job.busy_seconds, job.busy_runs) if job.busy_runs else seconds_of_type[job.type]
        left = job.n_waiting + job.n_queued + job.n_processing
        if not runs:
            unmeasured += left
            continue
        own = left * seconds / runs
        work += own
        at_once = min(each for each in (left, workers, job.max_workers or workers))
        longest = max(longest, own / at_once if at_once else 0.0)
    end = max(work / workers, longest) if workers and (work or not unmeasured) else None
    return QueueEnd(seconds=end, work_seconds=work, unmeasured_tasks=unmeasured)
