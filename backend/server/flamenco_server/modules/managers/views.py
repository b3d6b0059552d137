"""Managers and workers over HTTP."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import msgspec
from flamenco_common.states import WorkerState
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from flamenco_server.context import core, principal
from flamenco_server.endpoints import Endpoints
from flamenco_server.errors import Conflict, NotFound
from flamenco_server.helpers.moments import moment, moment_of
from flamenco_server.helpers.paging import Page, page
from flamenco_server.modules.auth.principal import Role
from flamenco_server.modules.auth.service import create_manager as make_manager
from flamenco_server.modules.auth.service import issue
from flamenco_server.modules.farm.history import last_day
from flamenco_server.modules.jobs.grid import label
from flamenco_server.modules.log.service import record
from flamenco_server.modules.managers import service
from flamenco_server.modules.managers.models import Manager, Worker, WorkerWish
from flamenco_server.modules.managers.schemas import (
    MadeManager,
    ManagerAnswer,
    ManagerChange,
    ManagerQuery,
    NewManager,
    WorkDone,
    WorkerAnswer,
    WorkerOrder,
    WorkerQuery,
    WorkNow,
)  # fmt: skip
from flamenco_server.modules.scheduler.fleet import Fleet
from flamenco_server.modules.scheduler.runs import RUNS
from flamenco_server.modules.tasks.moves import IS_PROCESSING, JOBS, STEPS, TASKS
from flamenco_server.modules.tasks.service import one_of

endpoint = Endpoints("managers")


@endpoint("GET", "/managers", query=ManagerQuery, answer=Page[ManagerAnswer], role=Role.VIEWER)
def list_managers(query: ManagerQuery) -> Page[ManagerAnswer]:
    """List managers."""
    statement = select(Manager)
    if query.name:
        statement = statement.where(Manager.name.icontains(query.name, autoescape=True))
    if query.enabled is not None:
        statement = statement.where(Manager.enabled == query.enabled)
    sorts: Any = {"name": Manager.name, "created": Manager.created_at, "id": Manager.id}
    key: Any = Manager.id
    with core().database.reading() as session:
        return page(session, statement, query, sorts, key, lambda row: _manager(session, row[0]))


def _manager(session: Session, row: Manager) -> ManagerAnswer:
    return ManagerAnswer(
        id=row.id,
        name=row.name,
        enabled=row.enabled,
        created_at=moment_of(row.created_at),
        last_seen_at=moment(row.last_seen_at),
        address=row.address,
        workers=session.scalar(select(func.count(Worker.id)).where(Worker.manager_id == row.id)) or 0,
    )


@endpoint("POST", "/managers", body=NewManager, answer=MadeManager, status=201, role=Role.ADMIN)
def create_manager(body: NewManager) -> MadeManager:
    """Make a manager; the answer tells its token, once."""
    now, actor = core().clock(), principal().name
    with core().database.writing() as session:
        made = make_manager(session, body.name, actor, now)
        _, text = issue(session, made, "first", actor, now)
        return MadeManager(token=text, **msgspec.structs.asdict(_manager(session, made)))


def _get_manager(session: Session, manager_id: int) -> Manager:
    found = session.get(Manager, manager_id)
    if found is None:
        raise NotFound(f"there is no manager {manager_id}")
    return found


@endpoint("GET", "/managers/<int:manager_id>", answer=ManagerAnswer, role=Role.VIEWER)
def show_manager(manager_id: int) -> ManagerAnswer:
    """Show a manager."""
    with core().database.reading() as session:
        return _manager(session, _get_manager(session, manager_id))


@endpoint("PATCH", "/managers/<int:manager_id>", body=ManagerChange, answer=ManagerAnswer, role=Role.ADMIN)
def change_manager(manager_id: int, body: ManagerChange) -> ManagerAnswer:
    """Rename a manager, or disable it."""
    with core().database.writing() as session:
        found = _get_manager(session, manager_id)
        if body.name is not None and body.name != found.name:
            if session.scalar(select(Manager.id).where(Manager.name == body.name)) is not None:
                raise Conflict(f"there is a manager {body.name!r} already")
            found.name = body.name
        if body.enabled is not None:
            found.enabled = body.enabled
        session.flush()
        record(session, principal().name, "change", "manager", manager_id, found.name)
        answer = _manager(session, found)
    core().auth.forget()
    return answer


@endpoint("DELETE", "/managers/<int:manager_id>", status=204, role=Role.ADMIN)
def delete_manager(manager_id: int) -> None:
    """Remove a manager and the record of its workers; what they did stays."""
    with core().database.writing() as session:
        found = _get_manager(session, manager_id)
        session.delete(found)
        record(session, principal().name, "delete", "manager", manager_id, found.name)
    core().auth.forget()


@endpoint("GET", "/workers", query=WorkerQuery, answer=Page[WorkerAnswer], role=Role.VIEWER)
def list_workers(query: WorkerQuery) -> Page[WorkerAnswer]:
    """List workers."""
    statement = select(Worker)
    state: Any = Worker.state
    if query.state:
        statement = statement.where(one_of(state, query.state, WorkerState, "state"))
    if query.manager is not None:
        statement = statement.where(Worker.manager_id == query.manager)
    if query.name:
        statement = statement.where(Worker.name.icontains(query.name, autoescape=True))
    if query.tag:
        # Tags are stored as a JSON list of texts.
        statement = statement.where(Worker.tags.contains(msgspec.json.encode(query.tag).decode(), autoescape=True))
    if query.enabled is not None:
        statement = statement.where(Worker.enabled == query.enabled)
    if query.job is not None:
        statement = statement.where(
            Worker.id.in_(select(TASKS.c.worker_id).where(TASKS.c.job_id == query.job, IS_PROCESSING))
        )
    sorts: Any = {"name": Worker.name, "seen": Worker.last_seen_at, "state": Worker.state, "id": Worker.id}
    key: Any = Worker.id
    with core().database.reading() as session:
        listed = page(session, statement, query, sorts, key, lambda row: row[0])
        return Page(_workers(session, listed.items), listed.next)


def _workers(session: Session, rows: list[Worker]) -> list[WorkerAnswer]:
    ids = [row.id for row in rows]
    held: dict[str, list[WorkNow]] = defaultdict(list)
    for task in session.execute(_HELD.where(TASKS.c.worker_id.in_(ids))):
        held[task.worker_id].append(_work_now(task))
    wishes = {wish.worker_id: wish for wish in session.scalars(select(WorkerWish).where(WorkerWish.worker_id.in_(ids)))}
    fleet = Fleet(core().clock(), core().config.worker_silent_seconds)
    done = last_day(session, ids, fleet.now)
    return [_worker(row, held[row.id], done[row.id], wishes.get(row.id), fleet) for row in rows]


_HELD = (
    select(
        TASKS.c.worker_id, TASKS.c.id, TASKS.c.params, TASKS.c.job_id, RUNS.c.id.label("run"), RUNS.c.progress,
        RUNS.c.activity, RUNS.c.started_at, JOBS.c.name.label("job_name"), STEPS.c.name.label("step"),
    )
    .join(RUNS, RUNS.c.id == TASKS.c.run_id)
    .join(JOBS, JOBS.c.id == TASKS.c.job_id)
    .join(STEPS, STEPS.c.id == TASKS.c.step_id)
    .where(IS_PROCESSING)
    .order_by(TASKS.c.id)
)  # fmt: skip


def _work_now(row: Any) -> WorkNow:
    return WorkNow(
        task=row.id, run=row.run, job=row.job_id, job_name=row.job_name, step=row.step,
        label=label(msgspec.json.decode(row.params)), progress=row.progress, activity=row.activity,
        since=moment_of(row.started_at),
    )  # fmt: skip


def _worker(row: Worker, held: list[WorkNow], done: WorkDone, wish: WorkerWish | None, fleet: Fleet) -> WorkerAnswer:
    return WorkerAnswer(
        id=row.id,
        name=row.name,
        manager=row.manager_id,
        state=_state(row, fleet),
        enabled=row.enabled,
        reason=row.faulty or row.reason,
        abilities=msgspec.json.decode(row.abilities),
        tags=msgspec.json.decode(row.tags),
        created_at=moment_of(row.created_at),
        last_seen_at=moment_of(row.last_seen_at),
        tasks=[work.task for work in held],
        current=held,
        last_day=done,
        orders=_orders(wish) if wish else None,
    )


def _state(row: Worker, fleet: Fleet) -> WorkerState:
    """What it said, unless the server set it aside or it fell silent."""
    if row.faulty:
        return WorkerState.ERROR
    if row.last_seen_at <= fleet.now - fleet.silent_seconds:
        return WorkerState.OFFLINE
    return WorkerState(row.state)


def _orders(wish: WorkerWish) -> WorkerOrder:
    fields = {name: getattr(wish, name) for name in ("enabled", "state", "when", "tags", "schedule")}
    return msgspec.convert(fields, WorkerOrder)


@endpoint("GET", "/workers/<worker_id>", answer=WorkerAnswer, role=Role.VIEWER)
def show_worker(worker_id: str) -> WorkerAnswer:
    """Show a worker."""
    with core().database.reading() as session:
        row = session.get(Worker, worker_id)
        if row is None:
            raise NotFound(f"there is no worker {worker_id!r}")
        return _workers(session, [row])[0]


@endpoint("POST", "/workers/<worker_id>/orders", body=WorkerOrder, answer=WorkerAnswer, role=Role.SUPERVISOR)
def order_worker(worker_id: str, body: WorkerOrder) -> WorkerAnswer:
    """Say what a worker is to be; its manager learns of it with its next call."""
    with core().database.writing() as session:
        service.wish(session, core().database, worker_id, body, principal().name, core().clock())
    return show_worker(worker_id)
