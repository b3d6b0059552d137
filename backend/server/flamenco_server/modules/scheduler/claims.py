"""Claims: which waiting worker gets which task.

The few active jobs are read, and those of their steps that have queued tasks, by their counters; then a task for each
worker comes off an index. So a claim costs the same however many tasks are stored, queued or finished.
"""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from flamenco_common.documents import TaskDocument
from flamenco_common.states import RunStatus, TaskStatus
from sqlalchemy import Connection, Integer, bindparam, insert, select
from sqlalchemy.orm import Session

from flamenco_server.modules.jobs.settling import settle
from flamenco_server.modules.log.service import Event
from flamenco_server.modules.scheduler.fleet import Fleet, requirements_of, why_not, workers_of
from flamenco_server.modules.tasks.models import Run, TaskFailure
from flamenco_server.modules.tasks.moves import (
    IS_ACTIVE,
    IS_PROCESSING,
    IS_QUEUED,
    JOBS,
    STEPS,
    TASKS,
    Tally,
    move_each,
)  # fmt: skip

RUNS: Any = Run.__table__
FAILURES: Any = TaskFailure.__table__
_ROUNDS = 3


# Built once: building a statement costs as much as running it.
PLACES = (
    select(JOBS.c.id, STEPS.c.id, STEPS.c.requirements, JOBS.c.max_workers, STEPS.c.n_queued)
    .join(STEPS, STEPS.c.job_id == JOBS.c.id)
    .where(IS_ACTIVE, JOBS.c.n_queued > 0, STEPS.c.n_queued > 0)
    .order_by(JOBS.c.priority.desc(), JOBS.c.id, STEPS.c.position)
)
_HAD = select(
    TASKS.c.lease, TASKS.c.worker_id, TASKS.c.id, TASKS.c.step_id, TASKS.c.run_id, TASKS.c.params, TASKS.c.attempts
).where(TASKS.c.lease.in_(bindparam("leases", expanding=True)), IS_PROCESSING)
_LOCK_ACTIVE = (
    select(JOBS.c.id)
    .where(JOBS.c.id.in_(bindparam("ids", expanding=True)), IS_ACTIVE)
    .order_by(JOBS.c.id)
    .with_for_update()
)
_QUEUE = (
    select(TASKS.c.id, TASKS.c.job_id, TASKS.c.step_id, TASKS.c.attempts)
    .where(TASKS.c.step_id == bindparam("step"), IS_QUEUED)
    .order_by(TASKS.c.id)
    .limit(bindparam("most", type_=Integer))
    .with_for_update(skip_locked=True)
)
_FAILED = select(FAILURES.c.worker_id, FAILURES.c.task_id).where(
    FAILURES.c.step_id == bindparam("step"), FAILURES.c.worker_id.in_(bindparam("workers", expanding=True))
)
_STEPS = (
    select(
        STEPS.c.id, STEPS.c.name, STEPS.c.template, STEPS.c.requirements, STEPS.c.timeout_seconds,
        JOBS.c.id.label("job_id"), JOBS.c.name.label("job_name"), JOBS.c.type, JOBS.c.storage,
        JOBS.c.job_root, JOBS.c.output_root,
    )
    .join(JOBS, JOBS.c.id == STEPS.c.job_id)
    .where(STEPS.c.id.in_(bindparam("steps", expanding=True)))
)  # fmt: skip
_INSERT_RUN = insert(RUNS)
_DONE_BEFORE = select(RUNS.c.task_id).where(
    RUNS.c.task_id.in_(bindparam("tasks", expanding=True)), RUNS.c.status == RunStatus.COMPLETED.value
)


@dataclass(frozen=True)
class ClaimRequest:
    """A manager asks for work for its waiting workers, under a lease id of its choice."""

    manager_id: int
    lease: str
    workers: tuple[str, ...]
    revision: int = 0


@dataclass
class Place:
    """A step that has queued tasks, with what its job allows; `left` counts down while workers are placed."""

    job_id: int
    step_id: int
    requirements: str
    max_workers: int
    left: int


@dataclass
class Claimant:
    """A worker that waits for a task; `no` are steps where it found nothing."""

    worker: Any
    request: ClaimRequest
    no: set[int] = field(default_factory=set)


@dataclass(frozen=True)
class Taken:
    """A task that a claimant gets."""

    claimant: Claimant
    task_id: int
    job_id: int
    step_id: int
    attempts: int

    def row(self, run_id: str, expires: float) -> dict[str, Any]:
        """What `move_each` writes."""
        return {
            "id": self.task_id, "job_id": self.job_id, "step_id": self.step_id, "run_id": run_id,
            "worker_id": self.claimant.worker.id, "lease": self.claimant.request.lease,
            "lease_expires_at": expires, "attempts": self.attempts + 1,
        }  # fmt: skip


class Claims:
    """Handles the claims of one batch in one transaction."""

    def __init__(self, session: Session, fleet: Fleet, lease_seconds: int) -> None:
        self._session = session
        self._connection = session.connection()
        self._fleet = fleet
        self._now = fleet.now
        self._lease_seconds = lease_seconds

    def handle(self, requests: Sequence[ClaimRequest]) -> list[dict[str, TaskDocument]]:
        """For each request the tasks by worker; a worker for which there is none is absent."""
        had = self._had(requests)
        waiting = self._claimants(requests, had)
        if self._place(waiting):
            had = self._had(requests)
        return self._documents(requests, had)

    def _had(self, requests: Sequence[ClaimRequest]) -> dict[tuple[str, str], Any]:
        """(lease, worker) → task of claims under these leases: a repeated request gets the same again."""
        leases = sorted({request.lease for request in requests})
        rows = self._connection.execute(_HAD, {"leases": leases})
        return {(row.lease, row.worker_id): row for row in rows}

    def _claimants(self, requests: Sequence[ClaimRequest], had: Mapping[tuple[str, str], Any]) -> list[Claimant]:
        known = workers_of(self._session, (worker for request in requests for worker in request.workers))
        seen: set[str] = set()
        claimants = []
        for request in requests:
            for worker_id in request.workers:
                worker = known.get(worker_id)
                if worker is None or worker.manager_id != request.manager_id or worker_id in seen:
                    continue
                if (request.lease, worker_id) not in had and self._fleet.takes_work(worker):
                    seen.add(worker_id)
                    claimants.append(Claimant(worker, request))
        return claimants

    def _place(self, waiting: list[Claimant]) -> int:
        """Place workers in rounds, one that found nothing elsewhere; returns how many got a task."""
        placed = 0
        for _ in range(_ROUNDS):
            by_step = self._assign(waiting, self._places()) if waiting else {}
            if not by_step:
                break
            served = self._take(by_step)
            placed += len(served)
            waiting = [claimant for claimant in waiting if claimant.worker.id not in served]
        return placed

    def _places(self) -> list[Place]:
        return [Place(*row) for row in self._connection.execute(PLACES)]

    def _assign(self, waiting: Iterable[Claimant], places: Sequence[Place]) -> dict[int, list[Claimant]]:
        """Step → its claimants, by the order of jobs and steps."""
        at_work = self._at_work({place.job_id for place in places if place.max_workers})
        jobs = {place.step_id: place.job_id for place in places}
        by_step: dict[int, list[Claimant]] = defaultdict(list)
        for claimant in waiting:
            place = next((place for place in places if self._fits(claimant, place, at_work)), None)
            if place is not None:
                place.left -= 1
                at_work[jobs[place.step_id]].add(claimant.worker.id)
                by_step[place.step_id].append(claimant)
        self._jobs = jobs
        return by_step

    @staticmethod
    def _fits(claimant: Claimant, place: Place, at_work: Mapping[int, set[str]]) -> bool:
        if place.left <= 0 or place.step_id in claimant.no:
            return False
        others = at_work[place.job_id] - {claimant.worker.id}
        if place.max_workers and len(others) >= place.max_workers:
            return False
        return why_not(place.requirements, claimant.worker.abilities, claimant.worker.tags) is None

    def _at_work(self, job_ids: set[int]) -> dict[int, set[str]]:
        """The workers on each job that caps them."""
        found: dict[int, set[str]] = defaultdict(set)
        if job_ids:
            for row in self._session.execute(
                select(TASKS.c.job_id, TASKS.c.worker_id)
                .where(TASKS.c.job_id.in_(sorted(job_ids)), IS_PROCESSING)
                .distinct()
            ):
                found[row.job_id].add(row.worker_id)
        return found

    def _take(self, by_step: Mapping[int, Sequence[Claimant]]) -> set[str]:
        """Take tasks for the placed workers; returns the workers that got one."""
        wanted = sorted({self._jobs[step_id] for step_id in by_step})
        active = set(self._connection.execute(_LOCK_ACTIVE, {"ids": wanted}).scalars())
        taken: list[Taken] = []
        for step_id, claimants in by_step.items():
            if self._jobs[step_id] in active:
                taken.extend(self._take_of_step(step_id, claimants))
        self._write(taken)
        for step_id, claimants in by_step.items():
            for claimant in claimants:
                claimant.no.add(step_id)
        return {task.claimant.worker.id for task in taken}

    def _take_of_step(self, step_id: int, claimants: Sequence[Claimant]) -> list[Taken]:
        failed = self._failed_before(step_id, claimants)
        most = len(claimants) + sum(len(tasks) for tasks in failed.values())
        queue = list(self._connection.execute(_QUEUE, {"step": step_id, "most": most}).all())
        taken = []
        for claimant in claimants:
            task = self._for(claimant, queue, failed[claimant.worker.id], step_id)
            if task is not None:
                queue.remove(task)
                taken.append(Taken(claimant, task.id, task.job_id, task.step_id, task.attempts))
        return taken

    def _for(self, claimant: Claimant, queue: list[Any], failed: set[int], step_id: int) -> Any | None:
        """The first task that the worker has not failed; else one that nobody else could do either."""
        for task in queue:
            if task.id not in failed:
                return task
        for task in queue:
            if not self._another_could(claimant, task.id, step_id):
                return task
        return None

    def _failed_before(self, step_id: int, claimants: Sequence[Claimant]) -> dict[str, set[int]]:
        found: dict[str, set[int]] = defaultdict(set)
        workers = sorted(one.worker.id for one in claimants)
        for row in self._connection.execute(_FAILED, {"step": step_id, "workers": workers}):
            found[row.worker_id].add(row.task_id)
        return found

    def _another_could(self, claimant: Claimant, task_id: int, step_id: int) -> bool:
        """Whether a live worker that has not failed the task could do it."""
        failed = set(self._session.scalars(select(FAILURES.c.worker_id).where(FAILURES.c.task_id == task_id)))
        needs = self._session.scalar(select(STEPS.c.requirements).where(STEPS.c.id == step_id)) or "{}"
        return any(
            worker.id not in failed and why_not(needs, worker.abilities, worker.tags) is None
            for worker in self._fleet.live(self._session)
            if worker.id != claimant.worker.id
        )

    def _write(self, taken: Sequence[Taken]) -> None:
        if not taken:
            return
        expires = self._now + self._lease_seconds
        tally = Tally()
        runs = [f"{task.task_id}-{task.attempts + 1}-{secrets.token_hex(4)}" for task in taken]
        rows = [task.row(run_id, expires) for task, run_id in zip(taken, runs, strict=True)]
        move_each(self._session, tally, TaskStatus.QUEUED, TaskStatus.PROCESSING, rows)
        self._connection.execute(
            _INSERT_RUN, [self._run(task, run_id) for task, run_id in zip(taken, runs, strict=True)]
        )
        events = [_event(task, run_id) for task, run_id in zip(taken, runs, strict=True)]
        settle(self._session, tally, self._now, opens=False, events=events)

    def _run(self, task: Taken, run_id: str) -> dict[str, Any]:
        return {
            "id": run_id, "task_id": task.task_id, "job_id": task.job_id, "step_id": task.step_id,
            "manager_id": task.claimant.request.manager_id, "worker_id": task.claimant.worker.id,
            "status": RunStatus.PROCESSING.value, "attempt": task.attempts + 1, "seq": 0, "activity": "",
            "reason": "", "log_tail": "", "peak_memory_mb": 0, "timings": [], "commands": [],
            "started_at": self._now, "updated_at": self._now,
        }  # fmt: skip

    def _documents(
        self, requests: Sequence[ClaimRequest], owned: Mapping[tuple[str, str], Any]
    ) -> list[dict[str, TaskDocument]]:
        documents = documents_of(self._connection, list(owned.values()), self._lease_seconds)
        return [
            {
                worker: documents[owned[request.lease, worker].id]
                for worker in request.workers
                if (request.lease, worker) in owned
            }
            for request in requests
        ]


def _event(task: Taken, run_id: str) -> Event:
    data = {"status": TaskStatus.PROCESSING.value, "worker": task.claimant.worker.id, "run": run_id}
    return Event("task", str(task.task_id), task.job_id, data)


_decode_params: Callable[[str], dict[str, Any]] = msgspec.json.Decoder(dict[str, Any]).decode


def documents_of(connection: Connection, tasks: Sequence[Any], lease_seconds: int) -> dict[int, TaskDocument]:
    """The documents of processing tasks (rows of `_HAD`), by task."""
    if not tasks:
        return {}
    # A step's template is read once for all its tasks of this answer.
    steps = {
        row.id: (row, msgspec.json.decode(row.template, type=list[dict[str, Any]]))
        for row in connection.execute(_STEPS, {"steps": sorted({task.step_id for task in tasks})})
    }
    documents = {task.id: _document(task, *steps[task.step_id], lease_seconds) for task in tasks}
    for task_id in _wanted_anew(connection, tasks):
        documents[task_id] = msgspec.structs.replace(documents[task_id], template=_anew(documents[task_id].template))
    return documents


def _wanted_anew(connection: Connection, tasks: Sequence[Any]) -> set[int]:
    """Those that were completed once: somebody wants them done again, and not what is there."""
    again = [task.id for task in tasks if task.attempts > 1]
    return set(connection.execute(_DONE_BEFORE, {"tasks": again}).scalars()) if again else set()


def _anew(template: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**command, "skip_existing": False} if "skip_existing" in command else command for command in template]


def _document(task: Any, step: Any, template: list[dict[str, Any]], lease_seconds: int) -> TaskDocument:
    return TaskDocument(
        task_id=task.id,
        run_id=task.run_id,
        job_id=step.job_id,
        step=step.name,
        job_name=step.job_name,
        job_type=step.type,
        template=template,
        params=_decode_params(task.params),
        requirements=requirements_of(step.requirements),
        lease_seconds=lease_seconds,
        timeout_seconds=step.timeout_seconds,
        storage=step.storage,
        job_root=step.job_root,
        output_root=step.output_root,
        attempt=task.attempts,
    )
