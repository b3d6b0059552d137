"""Write down what people do, and tell watchers what changes; both inside the transaction that changes it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from sqlalchemy import Table, insert
from sqlalchemy.orm import Session

from flamenco_server.modules.log.models import EventRow, Operation
from flamenco_server.modules.log.run_log import store_chunks, wishes

__all__ = ["Event", "emit", "record", "store_chunks", "wishes"]


@dataclass(frozen=True)
class Event:
    """A change: `kind` is job, task, run, worker, output …; `data` what a watcher wants to show at once."""

    kind: str
    object_id: str
    job_id: int | None = None
    data: dict[str, Any] = field(default_factory=dict)


_INSERT_EVENT = insert(cast(Table, EventRow.__table__))
# Watchers hear of these by what people do to them; of all else where it changes.
_TOLD = ("enrolment", "manager", "project", "storage", "token", "user")


def record(session: Session, actor: str, action: str, kind: str, object_id: str | int, detail: str = "") -> None:
    """Write one line of the operation log; what changes by people only is told to watchers, too."""
    session.execute(
        insert(Operation),
        [
            {
                "at": time.time(),
                "actor": actor,
                "action": action,
                "kind": kind,
                "object_id": str(object_id),
                "detail": detail,
            }
        ],
    )
    if kind in _TOLD:
        emit(session, [Event(kind, str(object_id), None, {"action": action})])


def emit(session: Session, events: Sequence[Event]) -> None:
    """Store events for the stream."""
    if not events:
        return
    now = time.time()
    # Straight to the table: claims and reports come through here.
    session.connection().execute(
        _INSERT_EVENT,
        [
            {"at": now, "kind": event.kind, "object_id": event.object_id, "job_id": event.job_id, "data": event.data}
            for event in events
        ],
    )
