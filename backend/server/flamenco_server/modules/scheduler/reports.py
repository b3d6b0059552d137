"""Reports: what managers say of runs and workers, many reports in one transaction; one bad update fails no other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from flamenco_common.documents import ManagerReport, OutputFile, RunUpdate, UpdateResult
from flamenco_common.states import RunStatus, TaskStatus
from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.orm import Session

from flamenco_server.modules.farm.recording import Ended, sum_up
from flamenco_server.modules.jobs.settling import settle
from flamenco_server.modules.log.service import Event
from flamenco_server.modules.scheduler import outputs, runs
from flamenco_server.modules.scheduler.fleet import Seen
from flamenco_server.modules.scheduler.judging import Judge
from flamenco_server.modules.scheduler.losses import lose
from flamenco_server.modules.scheduler.runs import LiveRun
from flamenco_server.modules.tasks.models import TaskFailure
from flamenco_server.modules.tasks.moves import TASKS, Tally, lock_jobs, move_each

FAILURES: Any = TaskFailure.__table__
_KEEP_LEASES = (
    update(TASKS)
    .where(
        TASKS.c.id.in_(bindparam("ids", expanding=True)),
        TASKS.c.status == TaskStatus.PROCESSING.value,
        TASKS.c.lease_expires_at < bindparam("stale"),
    )
    .values(lease_expires_at=bindparam("expires"))
)
_FREE: dict[str, Any] = {"lease": None, "lease_expires_at": None}


@dataclass(frozen=True)
class Rules:
    """What the configuration says about reports."""

    lease_seconds: int
    most_losses: int
    worker_failures: int
    is_sqlite: bool


@dataclass(frozen=True)
class Applied:
    """What became of one manager's report."""

    results: list[UpdateResult]
    lost: list[str]


class Reports:
    """Handles one batch of reports: reads all runs, judges update by update in memory, writes all at the end."""

    def __init__(self, session: Session, rules: Rules, missing: outputs.Missing, seen: Seen, now: float) -> None:
        self._session = session
        self._rules = rules
        self._missing = missing
        self._seen = seen
        self._now = now
        self._made: list[tuple[LiveRun, OutputFile]] = []
        self._finished: list[LiveRun] = []
        self._runs: dict[str, LiveRun] = {}

    def handle(self, batch: Sequence[tuple[int, ManagerReport]]) -> list[Applied]:
        """What became of each (manager id, report)."""
        named = {one.run_id for _, report in batch for one in report.updates} | {
            run_id for _, report in batch for run_id in report.alive
        }
        lock_jobs(self._session, runs.jobs_of(self._session, named))
        self._runs = runs.load(self._session, named)
        answers = [
            Applied([self._apply(manager_id, sent) for sent in report.updates], self._lost(manager_id, report.alive))
            for manager_id, report in batch
        ]
        self._write({run_id for _, report in batch for run_id in report.alive})
        self._seen.note(
            self._session,
            self._now,
            (run.row.worker_id for run in self._runs.values() if run.owns or run.values),
            (manager_id for manager_id, _ in batch),
        )
        return answers

    def _apply(self, manager_id: int, sent: RunUpdate) -> UpdateResult:
        run = self._runs.get(sent.run_id)
        if run is None or run.row.manager_id != manager_id or run.row.task_id != sent.task_id:
            return _refused(sent, f"there is no run {sent.run_id} of the task {sent.task_id}")
        if sent.seq <= run.seq:
            return UpdateResult(sent.run_id, sent.seq, True)
        if not run.owns:
            return _refused(sent, f"the run {sent.run_id} no longer owns its task: it is {run.status.value}")
        bad = outputs.bad_output(sent.outputs) if sent.seq < 2**63 else "its seq is larger than any run's"
        if bad:
            return _refused(sent, bad)
        missing = outputs.missing_files(self._session, self._missing, run, sent.outputs)
        if missing:
            return UpdateResult(sent.run_id, sent.seq, False, "files that it names are not on the farm", missing)
        run.apply(sent, self._now)
        self._made.extend((run, file) for file in sent.outputs)
        if run.status is not RunStatus.PROCESSING:
            self._finished.append(run)
        return UpdateResult(sent.run_id, sent.seq, True)

    def _lost(self, manager_id: int, alive: Sequence[str]) -> list[str]:
        """Those runs that the manager believes to be alive and that own no task."""
        return [
            run_id
            for run_id in alive
            if (run := self._runs.get(run_id)) is None
            or run.row.manager_id != manager_id
            or not (run.owns or run in self._finished)
        ]

    def _write(self, alive: Iterable[str]) -> None:
        runs.write(self._session, list(self._runs.values()))
        outputs.record(self._session, self._rules.is_sqlite, self._made, self._now)
        living = [run for run in self._runs.values() if run.owns and (run.values or run.row.id in set(alive))]
        self._keep_leases(living)
        tally = Tally()
        self._move_tasks(tally)
        completed = any(run.status is RunStatus.COMPLETED for run in self._finished)
        settle(self._session, tally, self._now, opens=completed, events=self._events(living))
        Judge(self._session, self._rules.worker_failures).judge(self._finished)
        sum_up(self._session, [_ended(run, self._now) for run in self._finished], self._now)

    def _keep_leases(self, living: Sequence[LiveRun]) -> None:
        """Write leases in one statement, and not again before a sixth of their time went by."""
        if not living:
            return
        expires = self._now + self._rules.lease_seconds
        stale = expires - self._rules.lease_seconds / 6
        ids = sorted(run.row.task_id for run in living)
        self._session.connection().execute(_KEEP_LEASES, {"ids": ids, "stale": stale, "expires": expires})

    def _move_tasks(self, tally: Tally) -> None:
        by_status: dict[RunStatus, list[LiveRun]] = {status: [] for status in RunStatus}
        for run in self._finished:
            by_status[run.status].append(run)
        self._complete(tally, by_status[RunStatus.COMPLETED])
        self._fail(tally, by_status[RunStatus.FAILED])
        self._lose(tally, by_status[RunStatus.LOST])
        self._give_back(tally, by_status[RunStatus.CANCELED])

    def _complete(self, tally: Tally, done: Sequence[LiveRun]) -> None:
        rows = [{**_key(run), **_FREE, "reason": "", "finished_at": self._now} for run in done]
        move_each(self._session, tally, TaskStatus.PROCESSING, TaskStatus.COMPLETED, rows)
        for run in done:
            tally.busy(run.row.job_id, run.row.step_id, run.seconds(self._now))

    def _fail(self, tally: Tally, failed: Sequence[LiveRun]) -> None:
        again: list[dict[str, Any]] = []
        for_good: list[dict[str, Any]] = []
        for run in failed:
            spent = run.row.failures + 1 > run.row.retries
            row = {**_key(run), **_FREE, "failures": run.row.failures + 1, "reason": _reason(run)}
            (for_good if spent else again).append({**row, "finished_at": self._now if spent else None})
        move_each(self._session, tally, TaskStatus.PROCESSING, TaskStatus.QUEUED, again)
        move_each(self._session, tally, TaskStatus.PROCESSING, TaskStatus.FAILED, for_good)
        if failed:
            self._session.connection().execute(insert(FAILURES), [self._failure(run) for run in failed])

    def _failure(self, run: LiveRun) -> dict[str, Any]:
        return {
            "task_id": run.row.task_id, "run_id": run.row.id, "step_id": run.row.step_id, "job_id": run.row.job_id,
            "worker_id": run.row.worker_id, "reason": _reason(run), "at": self._now,
        }  # fmt: skip

    def _lose(self, tally: Tally, lost: Sequence[LiveRun]) -> None:
        ids = [run.row.task_id for run in lost]
        if ids:
            rows = self._session.execute(
                select(TASKS.c.id, TASKS.c.job_id, TASKS.c.step_id, TASKS.c.losses).where(TASKS.c.id.in_(ids))
            ).all()
            reasons = {run.row.task_id: _reason(run) for run in lost}
            lose(self._session, tally, rows, self._now, self._rules.most_losses, reasons)

    def _give_back(self, tally: Tally, given: Sequence[LiveRun]) -> None:
        """A worker that was told to stop gives its task back; that is nobody's fault."""
        rows = [{**_key(run), **_FREE, "worker_id": None} for run in given]
        move_each(self._session, tally, TaskStatus.PROCESSING, TaskStatus.QUEUED, rows)

    def _events(self, living: Sequence[LiveRun]) -> list[Event]:
        changed = [_event(run, TaskStatus.PROCESSING.value) for run in living if run.values]
        return changed + [_event(run, run.status.value) for run in self._finished]


def _ended(run: LiveRun, now: float) -> Ended:
    frames = len({timing["frame"] for timing in run.timings})
    return Ended(run.row.manager_id, run.row.worker_id, run.status, run.seconds(now), frames)


def _key(run: LiveRun) -> dict[str, Any]:
    return {"id": run.row.task_id, "job_id": run.row.job_id, "step_id": run.row.step_id}


def _reason(run: LiveRun) -> str:
    return str(run.values.get("reason") or run.row.reason or "the worker gave no reason")


def _refused(sent: RunUpdate, error: str) -> UpdateResult:
    return UpdateResult(sent.run_id, sent.seq, False, error)


def _event(run: LiveRun, status: str) -> Event:
    data = {"run": run.row.id, "status": status, "worker": run.row.worker_id}
    for name in ("progress", "activity", "reason"):
        if run.values.get(name):
            data[name] = run.values[name]
    return Event("task", str(run.row.task_id), run.row.job_id, data)
