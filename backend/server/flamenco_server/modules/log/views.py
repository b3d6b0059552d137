"""Reading: logs of runs and machines, the operation log, and the key to the event stream."""

from __future__ import annotations

from typing import Any, cast

from flask import Flask, current_app
from sqlalchemy import Select, select

from flamenco_server.context import Core, core, principal
from flamenco_server.endpoints import Endpoints
from flamenco_server.errors import NotFound
from flamenco_server.helpers.moments import moment_of
from flamenco_server.helpers.paging import Page, PageQuery, page
from flamenco_server.modules.auth.principal import Role
from flamenco_server.modules.jobs.models import Job
from flamenco_server.modules.log.models import Operation
from flamenco_server.modules.log.run_log import Logs
from flamenco_server.modules.log.schemas import (
    LogQuery,
    MachineLog,
    OperationQuery,
    OperationView,
    RunLog,
    Ticket,
)
from flamenco_server.modules.log.tickets import make_ticket

endpoint = Endpoints("log")


def setup(app: Flask, core: Core) -> None:
    """Build the module's collaborators."""
    app.extensions["flamenco.log"] = Logs(core.database, core.config.log_keep_days * 86400)


@endpoint("GET", "/runs/<run_id>/log", query=LogQuery, answer=RunLog, role=Role.VIEWER, statuses=(404,))
def run_log(run_id: str, query: LogQuery) -> RunLog:
    """Read a run's log from a byte on; its manager is asked for what is not here yet."""
    return _logs().of_run(run_id, query.offset, core().clock())


@endpoint("GET", "/workers/<worker_id>/log", query=LogQuery, answer=MachineLog, role=Role.VIEWER, statuses=(404,))
def worker_log(worker_id: str, query: LogQuery) -> MachineLog:
    """Read the last of what a worker logs of itself; its manager is asked for what is not here yet."""
    return _logs().of_worker(worker_id, query.offset, core().clock())


@endpoint("GET", "/managers/<int:manager_id>/log", query=LogQuery, answer=MachineLog, role=Role.VIEWER, statuses=(404,))
def manager_log(manager_id: int, query: LogQuery) -> MachineLog:
    """Read the last of what a manager logs of itself; it brings what is not here yet."""
    return _logs().of_manager(manager_id, query.offset, core().clock())


def _logs() -> Logs:
    return cast(Logs, current_app.extensions["flamenco.log"])


@endpoint("GET", "/log", query=OperationQuery, answer=Page[OperationView], role=Role.VIEWER)
def operations(query: OperationQuery) -> Page[OperationView]:
    """List who did what, newest first."""
    statement = select(Operation)
    for name in ("actor", "action", "kind", "object_id"):
        if value := getattr(query, name):
            statement = statement.where(getattr(Operation, name) == value)
    if query.since is not None:
        statement = statement.where(Operation.at >= query.since.timestamp())
    if query.until is not None:
        statement = statement.where(Operation.at < query.until.timestamp())
    return _page(statement, query)


@endpoint(
    "GET", "/jobs/<int:job_id>/activity", query=PageQuery, answer=Page[OperationView], role=Role.VIEWER, statuses=(404,)
)
def job_activity(job_id: int, query: PageQuery) -> Page[OperationView]:
    """List what people and the farm did to a job, newest first."""
    with core().database.reading() as session:
        if session.get(Job, job_id) is None:
            raise NotFound(f"there is no job {job_id}")
    return _page(select(Operation).where(Operation.kind == "job", Operation.object_id == str(job_id)), query)


@endpoint("POST", "/events/ticket", answer=Ticket, status=201, role=Role.VIEWER)
def event_ticket() -> Ticket:
    """Give a key to open the event stream with, valid for a minute: `GET /events?ticket=…`."""
    ticket, expires = make_ticket(core().auth, principal().token_id, core().clock())
    return Ticket(ticket, moment_of(expires), core().config.event_stream_url())


def _page(statement: Select[Any], query: PageQuery) -> Page[OperationView]:
    with core().database.reading() as session:
        return page(session, statement, query, {"created": Operation.id}, Operation.id, _view, default="-created")


def _view(row: Any) -> OperationView:
    line = row.Operation
    return OperationView(line.id, moment_of(line.at), line.actor, line.action, line.kind, line.object_id, line.detail)
