"""Who may change which job: artists their own, supervisors all."""

from __future__ import annotations

from sqlalchemy import select

from flamenco_server.context import core
from flamenco_server.errors import NotAllowed, NotFound
from flamenco_server.modules.auth.principal import Principal, Role
from flamenco_server.modules.tasks.moves import JOBS, TASKS


def check_may_change(who: Principal, job: int | None = None, task: int | None = None) -> None:
    """Raise `NotAllowed` unless they may change that job, or the job of that task; `NotFound` if there is none."""
    statement = select(JOBS.c.id, JOBS.c.owner)
    if task is not None:
        statement = statement.join(TASKS, TASKS.c.job_id == JOBS.c.id).where(TASKS.c.id == task)
    else:
        statement = statement.where(JOBS.c.id == job)
    with core().database.reading() as session:
        found = session.execute(statement).one_or_none()
    if found is None:
        raise NotFound(f"there is no job {job}" if task is None else f"there is no task {task}")
    if found.owner != who.name and not who.has(Role.SUPERVISOR):
        raise NotAllowed(f"the job {found.id} is {found.owner}'s: only they and supervisors may change it")
