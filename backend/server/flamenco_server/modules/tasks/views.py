"""Tasks, runs and outputs over HTTP."""

from __future__ import annotations

from flamenco_common.documents import TaskFiles
from flamenco_common.states import RunStatus, TaskStatus

from flamenco_server.context import core, principal
from flamenco_server.endpoints import Endpoints
from flamenco_server.helpers.paging import Page
from flamenco_server.modules.auth.principal import Role
from flamenco_server.modules.jobs.permissions import check_may_change
from flamenco_server.modules.jobs.views import actions
from flamenco_server.modules.tasks import service
from flamenco_server.modules.tasks.schemas import RunAnswer, RunQuery, RunSummary, TaskAnswer, TaskQuery

endpoint = Endpoints("tasks")


@endpoint("GET", "/tasks", query=TaskQuery, answer=Page[TaskAnswer], role=Role.VIEWER)
def list_tasks(query: TaskQuery) -> Page[TaskAnswer]:
    """List tasks."""
    with core().database.reading() as session:
        return service.list_tasks(session, query, TaskStatus)


@endpoint("GET", "/tasks/<int:task_id>", answer=TaskAnswer, role=Role.VIEWER)
def show_task(task_id: int) -> TaskAnswer:
    """Show a task."""
    with core().database.reading() as session:
        return service.task(session, task_id)


@endpoint("GET", "/tasks/<int:task_id>/files", answer=TaskFiles, role=Role.VIEWER, manager=True)
def task_files(task_id: int) -> TaskFiles:
    """List the files that a task needs."""
    with core().database.reading() as session:
        return service.files_of(session, task_id)


@endpoint("GET", "/tasks/<int:task_id>/runs", query=RunQuery, answer=Page[RunSummary], role=Role.VIEWER)
def runs_of_task(task_id: int, query: RunQuery) -> Page[RunSummary]:
    """List a task's runs."""
    with core().database.reading() as session:
        service.task(session, task_id)
        return service.list_runs(session, _of_task(query, task_id), RunStatus)


def _of_task(query: RunQuery, task_id: int) -> RunQuery:
    return RunQuery(
        limit=query.limit, cursor=query.cursor, sort=query.sort, status=query.status, worker=query.worker, task=task_id
    )


@endpoint("POST", "/tasks/<int:task_id>/cancel", answer=TaskAnswer, role=Role.ARTIST)
def cancel_task(task_id: int) -> TaskAnswer:
    """Cancel one task."""
    check_may_change(principal(), task=task_id)
    actions().cancel_task(task_id, principal().name)
    return show_task(task_id)


@endpoint("POST", "/tasks/<int:task_id>/requeue", answer=TaskAnswer, role=Role.ARTIST)
def requeue_task(task_id: int) -> TaskAnswer:
    """Do one task again."""
    check_may_change(principal(), task=task_id)
    actions().requeue_task(task_id, principal().name)
    return show_task(task_id)


@endpoint("GET", "/runs", query=RunQuery, answer=Page[RunSummary], role=Role.VIEWER)
def list_runs(query: RunQuery) -> Page[RunSummary]:
    """List runs."""
    with core().database.reading() as session:
        return service.list_runs(session, query, RunStatus)


@endpoint("GET", "/runs/<run_id>", answer=RunAnswer, role=Role.VIEWER)
def show_run(run_id: str) -> RunAnswer:
    """Show a run."""
    with core().database.reading() as session:
        return service.run(session, run_id)
