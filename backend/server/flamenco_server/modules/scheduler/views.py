"""What managers call: claims and reports."""

from __future__ import annotations

from typing import Annotated, cast

import msgspec
from flamenco_common.documents import ClaimAnswer, ManagerReport, ReportAnswer, RunUpdate, UpdateResult
from flask import Flask, current_app

from flamenco_server.context import Core, principal
from flamenco_server.endpoints import Endpoints
from flamenco_server.errors import Conflict, Invalid
from flamenco_server.helpers.paging import Id
from flamenco_server.modules.files.service import missing
from flamenco_server.modules.log import run_log
from flamenco_server.modules.scheduler.claims import ClaimRequest
from flamenco_server.modules.scheduler.service import Logs, Scheduler

endpoint = Endpoints("scheduler")
_EXTENSION = "flamenco.scheduler"


def setup(app: Flask, core: Core) -> None:
    """Make the scheduler."""
    logs = Logs(run_log.wishes, run_log.store_chunks)
    app.extensions[_EXTENSION] = Scheduler(core.database, core.config, core.clock, missing, logs)


def scheduler() -> Scheduler:
    """The scheduler of this app."""
    return cast(Scheduler, current_app.extensions[_EXTENSION])


class ClaimQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A claim; `workers` are ids with commas between."""

    lease: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    workers: str = ""
    revision: Id = 0


@endpoint("GET", "/scheduler/tasks", query=ClaimQuery, answer=ClaimAnswer, manager=True)
def claim(query: ClaimQuery) -> ClaimAnswer:
    """Claim a task for each waiting worker; the same lease again gives the same tasks."""
    workers = tuple(dict.fromkeys(worker for worker in query.workers.split(",") if worker))
    return scheduler().claim(ClaimRequest(principal().id, query.lease, workers, query.revision))


@endpoint("PATCH", "/tasks", body=ManagerReport, answer=ReportAnswer, manager=True)
def report(body: ManagerReport) -> ReportAnswer:
    """Report on runs, workers and logs; one bad update does not fail the others."""
    check_report(body)
    return scheduler().report((principal().id, body))


def check_report(body: ManagerReport) -> None:
    """Raise `Invalid` for what the database cannot hold, before the report is joined with those of others."""
    if not 0 <= body.revision < 2**31:
        raise Invalid("revision is not one that the server gave", "revision")
    for number, worker in enumerate(body.workers):
        if not 0 < len(worker.worker_id) <= 64:
            raise Invalid("a worker's id has 1 to 64 characters", f"workers[{number}].worker_id")


@endpoint("PATCH", "/tasks/<int:task_id>", body=RunUpdate, answer=UpdateResult, manager=True, statuses=(409,))
def report_one(task_id: int, body: RunUpdate) -> UpdateResult:
    """Report on one run; 409 if it no longer owns the task."""
    if body.task_id != task_id:
        raise Invalid(f"the update is for the task {body.task_id}, not {task_id}", "task_id")
    result = scheduler().report((principal().id, ManagerReport(updates=[body]))).results[0]
    if not result.accepted and not result.missing:
        raise Conflict(result.error)
    return result
