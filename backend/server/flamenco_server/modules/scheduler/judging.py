"""Setting bad workers aside: one that fails many runs of several jobs in a row, where other workers do not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flamenco_common.states import RunStatus
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from flamenco_server.modules.log.service import Event, emit, record
from flamenco_server.modules.scheduler.fleet import WORKERS, workers_of
from flamenco_server.modules.scheduler.runs import LiveRun
from flamenco_server.modules.tasks.models import TaskFailure


class Judge:
    """Counts each worker's failures in a row."""

    def __init__(self, session: Session, most: int) -> None:
        self._session = session
        self._most = most

    def judge(self, finished: Sequence[LiveRun]) -> None:
        """Count the finished runs of a batch, and set aside who fails too much."""
        judged = [run for run in finished if run.status in (RunStatus.COMPLETED, RunStatus.FAILED)]
        if not judged:
            return
        workers = workers_of(self._session, (run.row.worker_id for run in judged))
        for worker_id in sorted(workers):
            own = [run for run in judged if run.row.worker_id == worker_id]
            self._count(workers[worker_id], own)

    def _count(self, worker: Any, runs: Sequence[LiveRun]) -> None:
        count, jobs = worker.failed_in_row, list(worker.failed_jobs)
        for run in runs:
            if run.status is RunStatus.COMPLETED:
                count, jobs = 0, []
            else:
                count, jobs = count + 1, sorted({*jobs, run.row.job_id})
        if (count, jobs) == (worker.failed_in_row, worker.failed_jobs):
            return
        values: dict[str, Any] = {"failed_in_row": count, "failed_jobs": jobs}
        if count >= self._most and len(jobs) > 1 and not worker.faulty and self._alone(worker.id, jobs):
            reason = f"it failed {count} tasks of {len(jobs)} jobs in a row"
            values["faulty"] = reason
            record(self._session, "server", "set aside", "worker", worker.id, reason)
            emit(self._session, [Event("worker", worker.id, None, {"state": "error", "reason": reason})])
        self._session.execute(update(WORKERS).where(WORKERS.c.id == worker.id).values(values))

    def _alone(self, worker_id: str, jobs: Sequence[int]) -> bool:
        """Whether no other worker failed tasks of these jobs: if some did, the jobs are to blame."""
        other = select(TaskFailure.task_id).where(TaskFailure.job_id.in_(jobs), TaskFailure.worker_id != worker_id)
        return self._session.execute(other.limit(1)).first() is None
