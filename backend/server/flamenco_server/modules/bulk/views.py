"""The same for many at once over HTTP; one that cannot be done stops no other."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from flamenco_common.states import IllegalMove

from flamenco_server.context import core, principal
from flamenco_server.endpoints import Endpoints
from flamenco_server.errors import Invalid, ServerError
from flamenco_server.modules.auth.principal import Role
from flamenco_server.modules.bulk.schemas import JobChoice, JobsAction, Outcome, Preview, Refused, WorkersOrder
from flamenco_server.modules.bulk.service import preview
from flamenco_server.modules.jobs.deleting import collect_files_of
from flamenco_server.modules.jobs.permissions import check_may_change
from flamenco_server.modules.jobs.schemas import JobChange, Requeue
from flamenco_server.modules.jobs.views import actions
from flamenco_server.modules.jobs.views import service as jobs
from flamenco_server.modules.managers import service as managers

endpoint = Endpoints("bulk")


@endpoint("POST", "/bulk/jobs", body=JobsAction, answer=Outcome, role=Role.ARTIST)
def act_on_jobs(body: JobsAction) -> Outcome:
    """Do the same with many jobs; the answer names those for which it could not be done."""
    if (body.action == "priority") != (body.priority is not None):
        raise Invalid("priority goes with the action of that name, and only with it", "priority")
    who = principal()
    act = _action(body, who.name)

    def one(job_id: int) -> None:
        check_may_change(who, job=job_id)
        act(job_id)

    return _each(body.ids, one)


def _action(body: JobsAction, actor: str) -> Callable[[int], Any]:
    changes = {
        "priority": JobChange(priority=body.priority), "archive": JobChange(archived=True),
        "unarchive": JobChange(archived=False),
    }  # fmt: skip
    if body.action in changes:
        return lambda job_id: jobs().change(job_id, changes[body.action], actor)
    return {
        "pause": lambda job_id: actions().pause(job_id, actor),
        "resume": lambda job_id: actions().resume(job_id, actor),
        "cancel": lambda job_id: actions().cancel(job_id, actor),
        "requeue": lambda job_id: actions().requeue(job_id, Requeue(), actor),
        "requeue_failed": lambda job_id: actions().requeue(job_id, Requeue(failed=True), actor),
        "delete": lambda job_id: _delete(job_id, actor),
    }[body.action]


def _delete(job_id: int, actor: str) -> None:
    with collect_files_of(job_id):
        jobs().delete(job_id, actor)


@endpoint("POST", "/bulk/jobs/preview", body=JobChoice, answer=Preview, role=Role.VIEWER)
def preview_jobs(body: JobChoice) -> Preview:
    """Show what goes if these jobs are deleted."""
    with core().database.reading() as session:
        return preview(session, body.ids, principal())


@endpoint("POST", "/bulk/workers", body=WorkersOrder, answer=Outcome, role=Role.SUPERVISOR)
def order_workers(body: WorkersOrder) -> Outcome:
    """Say what many workers are to be; their managers learn of it with their next calls."""
    actor, now, database = principal().name, core().clock(), core().database

    def one(worker_id: str) -> None:
        with database.writing() as session:
            managers.wish(session, database, worker_id, body.order, actor, now)

    return _each(body.ids, one)


def _each(ids: Iterable[Any], work: Callable[[Any], None]) -> Outcome:
    done, refused = [], []
    for one in dict.fromkeys(ids):
        try:
            work(one)
        except (ServerError, IllegalMove) as error:
            refused.append(Refused(one, str(error)))
        else:
            done.append(one)
    return Outcome(done=done, refused=refused)
