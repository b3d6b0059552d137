"""The runs that this site's workers own, in memory, written through to the database."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from flamenco_common.documents import Assignment, TaskDocument
from flamenco_common.states import RunStatus, check_move
from sqlalchemy import Connection, bindparam, delete, insert, select, update

from flamenco_manager.assignments.models import RUNS
from flamenco_manager.db import Database

_INSERT = insert(RUNS)
_IS_OPEN = RUNS.c.status == RunStatus.PROCESSING.value
_ADVANCE = (
    update(RUNS)
    .where(RUNS.c.id == bindparam("b_id"), _IS_OPEN)
    .values(seq=bindparam("v_seq"), log_size=bindparam("v_log_size"))
)
_CLOSE = (
    update(RUNS)
    .where(RUNS.c.id == bindparam("b_id"), _IS_OPEN)
    .values(
        seq=bindparam("v_seq"),
        log_size=bindparam("v_log_size"),
        status=bindparam("v_status"),
        reason=bindparam("v_reason"),
        finished_at=bindparam("v_at"),
        document="",
    )
)
_START = update(RUNS).where(RUNS.c.id == bindparam("b_id"))


@dataclass
class OpenRun:
    """A run that owns its task, as far as this manager knows."""

    document: TaskDocument
    worker_id: str
    session: int
    claimed_at: float
    last_update: float
    seq: int = 0
    log_size: int = 0
    starts: int = 1
    assignment: Assignment | None = field(default=None, repr=False)

    @property
    def id(self) -> str:
        """Its id on the farm."""
        return self.document.run_id

    @property
    def begun(self) -> bool:
        """Whether its worker said anything of it yet."""
        return self.seq > 0


@dataclass(frozen=True)
class Step:
    """How far a run is after an update; with a status it is over."""

    run: OpenRun
    seq: int
    log_size: int
    status: RunStatus | None = None
    reason: str = ""


@dataclass(frozen=True)
class OldRun:
    """What is remembered of a run that is over."""

    worker_id: str
    status: RunStatus
    reason: str
    seq: int
    log_size: int


class Book:
    """Open runs by id and by worker. What is written goes to the database first."""

    def __init__(self, database: Database, clock: Callable[[], float], ticks: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock
        self._ticks = ticks
        self._lock = threading.RLock()
        self._runs: dict[str, OpenRun] = {}
        self._by_worker: dict[str, dict[str, OpenRun]] = defaultdict(dict)
        with database.reading() as connection:
            for row in connection.execute(select(RUNS).where(_IS_OPEN).order_by(RUNS.c.claimed_at)):
                self._remember(_from_row(row, ticks()))

    def get(self, run_id: str) -> OpenRun | None:
        """That run, if it is open."""
        return self._runs.get(run_id)

    def of(self, worker_id: str) -> list[OpenRun]:
        """The open runs of a worker, oldest first."""
        with self._lock:
            return list(self._by_worker.get(worker_id, {}).values())

    def all(self) -> list[OpenRun]:
        """All open runs."""
        with self._lock:
            return list(self._runs.values())

    def old(self, run_id: str) -> OldRun | None:
        """What is remembered of a run that is over."""
        columns = (RUNS.c.worker_id, RUNS.c.status, RUNS.c.reason, RUNS.c.seq, RUNS.c.log_size)
        with self._database.reading() as connection:
            row = connection.execute(select(*columns).where(RUNS.c.id == run_id)).first()
        return OldRun(row[0], RunStatus(row[1]), *row[2:]) if row else None

    def task_of(self, worker_id: str, task_id: int) -> OpenRun | None:
        """The worker's open run of that task."""
        return next((run for run in self.of(worker_id) if run.document.task_id == task_id), None)

    def heard_of(self, worker_id: str) -> None:
        """The worker lives: its runs are not silent."""
        now = self._ticks()
        for run in self.of(worker_id):
            run.last_update = now

    # ---- changes: first `write…` inside a transaction, then `done…` when it is committed ----

    def write_claimed(self, connection: Connection, runs: Sequence[OpenRun]) -> None:
        """Write new runs."""
        if runs:
            connection.execute(_INSERT, [_row(run) for run in runs])

    def done_claimed(self, runs: Iterable[OpenRun]) -> None:
        """New runs are written."""
        with self._lock:
            for run in runs:
                self._remember(run)

    def write_steps(self, connection: Connection, steps: Sequence[Step]) -> None:
        """Write how far runs are; the last step of a run counts."""
        newest = {step.run.id: step for step in steps}.values()
        going = [_step_row(step) for step in newest if step.status is None]
        over = [self._over_row(step) for step in newest if step.status is not None]
        if going:
            connection.execute(_ADVANCE, going)
        if over:
            connection.execute(_CLOSE, over)

    def done_steps(self, steps: Iterable[Step]) -> None:
        """Steps are written."""
        now = self._ticks()
        with self._lock:
            for step in steps:
                step.run.seq, step.run.log_size, step.run.last_update = step.seq, step.log_size, now
                if step.status is not None:
                    self._forget(step.run.id)

    def start_again(self, run: OpenRun, session: int) -> None:
        """A restarted worker gets the run once more."""
        with self._database.writing() as connection:
            connection.execute(_START.values(starts=run.starts + 1, session=session), {"b_id": run.id})
        run.starts, run.session, run.assignment = run.starts + 1, session, None

    def forget_before(self, moment: float) -> None:
        """Remove what is remembered of runs that were over before that."""
        with self._database.writing() as connection:
            connection.execute(delete(RUNS).where(RUNS.c.finished_at < moment))

    def _over_row(self, step: Step) -> dict[str, Any]:
        assert step.status is not None
        check_move(RunStatus.PROCESSING, step.status)
        more = {"v_status": step.status.value, "v_reason": step.reason, "v_at": self._clock()}
        return {**_step_row(step), **more}

    def _remember(self, run: OpenRun) -> None:
        self._runs[run.id] = run
        self._by_worker[run.worker_id][run.id] = run

    def _forget(self, run_id: str) -> None:
        run = self._runs.pop(run_id, None)
        if run is not None:
            self._by_worker[run.worker_id].pop(run_id, None)


def _step_row(step: Step) -> dict[str, Any]:
    return {"b_id": step.run.id, "v_seq": step.seq, "v_log_size": step.log_size}


def _row(run: OpenRun) -> dict[str, Any]:
    return {
        "id": run.id, "worker_id": run.worker_id, "task_id": run.document.task_id, "job_id": run.document.job_id,
        "document": msgspec.json.encode(run.document).decode(), "status": RunStatus.PROCESSING.value, "reason": "",
        "seq": run.seq, "log_size": run.log_size, "starts": run.starts, "session": run.session,
        "claimed_at": run.claimed_at, "finished_at": None,
    }  # fmt: skip


def _from_row(row: Any, now: float) -> OpenRun:
    document = msgspec.json.decode(row.document, type=TaskDocument)
    return OpenRun(document, row.worker_id, row.session, row.claimed_at, now, row.seq, row.log_size, row.starts)
