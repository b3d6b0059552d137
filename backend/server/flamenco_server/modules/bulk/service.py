"""Look at many jobs together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from flamenco_server.modules.auth.principal import Principal, Role
from flamenco_server.modules.bulk.schemas import Preview
from flamenco_server.modules.jobs.models import JobFile
from flamenco_server.modules.tasks.models import Output
from flamenco_server.modules.tasks.moves import COUNTERS, JOBS

_UNFINISHED = ("n_waiting", "n_queued", "n_processing")


def preview(session: Session, ids: Sequence[int], who: Principal) -> Preview:
    """What goes if these jobs are deleted."""
    rows = session.execute(select(JOBS).where(JOBS.c.id.in_(ids))).all()
    outputs, made = _sum(session, Output, ids)
    files, sent = _sum(session, JobFile, ids)
    return Preview(
        jobs=len(rows),
        not_allowed=0 if who.has(Role.SUPERVISOR) else sum(row.owner != who.name for row in rows),
        tasks=sum(getattr(row, name) for row in rows for name in COUNTERS.values()),
        unfinished_tasks=sum(getattr(row, name) for row in rows for name in _UNFINISHED),
        outputs=outputs,
        files=files,
        bytes=made + sent,
    )


def _sum(session: Session, table: Any, ids: Sequence[int]) -> tuple[int, int]:
    """How many files of a kind these jobs name, and their bytes on the farm; on shared storage they have no hash."""
    size = func.coalesce(func.sum(table.size), 0)
    statement = select(func.count(), size).where(table.job_id.in_(ids), table.sha256 != "")
    number, total = session.execute(statement).one()
    return number, int(total)
