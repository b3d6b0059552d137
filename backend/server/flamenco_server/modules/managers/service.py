"""What managers tell of their workers, and what people wish of those."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import msgspec
from flamenco_common.documents import WorkerReport
from flamenco_common.documents import WorkerWish as WishDocument
from flamenco_common.schedule import BadSchedule, SleepSchedule
from sqlalchemy import bindparam, func, insert, select, text, update
from sqlalchemy.orm import Session

from flamenco_server.db import Database
from flamenco_server.errors import Invalid, NotFound
from flamenco_server.modules.log.service import Event, emit, record
from flamenco_server.modules.managers.models import Manager, Worker, WorkerWish
from flamenco_server.modules.managers.schemas import WorkerOrder

WORKERS: Any = Worker.__table__
WISHES: Any = WorkerWish.__table__
_ADDRESS = re.compile(r"https?://[A-Za-z0-9.\-\[\]:]+(/[A-Za-z0-9._~/-]*)?")
_MOST_NAME = 200  # characters; a machine's name is nobody's mistake, so it is cut and not refused


_WISHES = (
    select(WISHES)
    .join(WORKERS, WORKERS.c.id == WISHES.c.worker_id)
    .where(WISHES.c.revision > bindparam("revision"), WORKERS.c.manager_id == bindparam("manager"))
    .order_by(WISHES.c.revision)
)


def mirror(session: Session, manager_id: int, reports: Sequence[WorkerReport], revision: int, now: float) -> None:
    """Take over what a manager that has the wishes up to `revision` says of its workers.

    Another manager's workers are left alone.
    """
    newest = {report.worker_id: report for report in reports}
    known = {
        row.id: row.manager_id
        for row in session.execute(select(WORKERS.c.id, WORKERS.c.manager_id).where(WORKERS.c.id.in_(sorted(newest))))
    }
    events = []
    for worker_id in sorted(newest):
        values = _values(newest[worker_id], now)
        if worker_id not in known:
            fresh = {"id": worker_id, "manager_id": manager_id, "created_at": now}
            unspoiled = {"faulty": "", "failed_in_row": 0, "failed_jobs": []}
            session.execute(insert(WORKERS).values(**fresh, **unspoiled, **values))
        elif known[worker_id] == manager_id:
            session.execute(update(WORKERS).where(WORKERS.c.id == worker_id).values(values))
            _fulfill(session, newest[worker_id], revision)
        events.append(Event("worker", worker_id, None, {"state": values["state"], "name": values["name"]}))
    emit(session, events)


def note_address(session: Session, manager_id: int, address: str) -> None:
    """Take over where a manager says that its workers reach it; what cannot be an address is left out."""
    # People paste it into a shell.
    if len(address) <= _MOST_NAME and _ADDRESS.fullmatch(address):
        told = update(Manager).where(Manager.id == manager_id, Manager.address != address)
        session.execute(told.values(address=address))


def _fulfill(session: Session, report: WorkerReport, revision: int) -> None:
    """A restart or a shutdown that was done is wished no more."""
    if report.done:
        done = (WISHES.c.worker_id == report.worker_id, WISHES.c.state == report.done, WISHES.c.revision <= revision)
        session.execute(update(WISHES).where(*done).values(state="run"))


def _values(report: WorkerReport, now: float) -> dict[str, Any]:
    return {
        "name": report.name[:_MOST_NAME],
        "state": report.state.value,
        "enabled": report.enabled,
        "reason": report.reason,
        "abilities": msgspec.json.encode(report.abilities).decode(),
        "tags": msgspec.json.encode(report.tags).decode(),
        "last_seen_at": now,
    }


def wish(session: Session, database: Database, worker_id: str, sent: WorkerOrder, actor: str, now: float) -> None:
    """Note what somebody wants of a worker; its manager learns of it with its next call."""
    worker = session.get(Worker, worker_id)
    if worker is None:
        raise NotFound(f"there is no worker {worker_id!r}")
    if sent.schedule is not None:
        _check_schedule(sent.schedule)
    if not database.is_sqlite:
        # Revisions must become visible in their order, or a manager would miss one.
        session.execute(text("LOCK TABLE worker_wishes IN EXCLUSIVE MODE"))
    revision = (session.scalar(select(func.max(WorkerWish.revision))) or 0) + 1
    found = session.get(WorkerWish, worker_id)
    if found is None:
        tags = msgspec.json.decode(worker.tags)
        found = WorkerWish(
            worker_id=worker_id, enabled=worker.enabled, state="run", when="after", tags=tags, schedule=""
        )
        session.add(found)
    for name in ("enabled", "state", "when", "tags", "schedule"):
        value = getattr(sent, name)
        if value is not None:
            setattr(found, name, value)
    found.revision = revision
    if sent.enabled or sent.state in ("run", "restart"):
        worker.faulty, worker.failed_in_row, worker.failed_jobs = "", 0, []
    worker.enabled = found.enabled
    record(session, actor, "order", "worker", worker_id, msgspec.json.encode(sent).decode())
    emit(session, [Event("worker", worker_id, None, {"ordered": found.state, "enabled": found.enabled, "at": now})])


def _check_schedule(schedule: str) -> None:
    try:
        SleepSchedule.parse(schedule)
    except BadSchedule as error:
        raise Invalid(str(error), "schedule") from error


def wishes_since(session: Session, manager_id: int, revision: int) -> list[WishDocument]:
    """The wishes for a manager's workers that are newer than `revision`."""
    rows = session.connection().execute(_WISHES, {"revision": revision, "manager": manager_id})
    return [
        WishDocument(
            worker_id=row.worker_id,
            revision=row.revision,
            enabled=row.enabled,
            state=row.state,
            when=row.when,
            tags=row.tags,
            schedule=row.schedule,
        )
        for row in rows
    ]
