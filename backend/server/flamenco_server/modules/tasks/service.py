"""Read tasks, runs and outputs; and the files that a task needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from flamenco_common.documents import TaskFile, TaskFiles
from flamenco_common.needs import needed
from flamenco_common.templates import BadTemplate, fill
from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session

from flamenco_server.errors import Invalid, NotFound
from flamenco_server.helpers.moments import moment, moment_of
from flamenco_server.helpers.paging import Page, page
from flamenco_server.modules.jobs.models import JobFile
from flamenco_server.modules.tasks.models import Output, Run
from flamenco_server.modules.tasks.moves import JOBS, STEPS, TASKS
from flamenco_server.modules.tasks.schemas import (
    OutputAnswer,
    OutputQuery,
    RunAnswer,
    RunQuery,
    RunSummary,
    TaskAnswer,
    TaskQuery,
)  # fmt: skip

RUNS: Any = Run.__table__
OUTPUTS: Any = Output.__table__
FILES: Any = JobFile.__table__


def one_of(column: ColumnElement[Any], text: str, kind: Any, field: str) -> ColumnElement[bool]:
    """A filter by one or several states with commas between. Raises `Invalid`."""
    values = [part.strip() for part in text.split(",") if part.strip()]
    for value in values:
        if value not in [state.value for state in kind]:
            known = ", ".join(state.value for state in kind)
            raise Invalid(f"there is no {field} {value!r}; there are {known}", field)
    return column.in_(values)


def check_job(session: Session, job_id: int) -> None:
    """Raise `NotFound` unless there is such a job."""
    if session.scalar(select(JOBS.c.id).where(JOBS.c.id == job_id)) is None:
        raise NotFound(f"there is no job {job_id}")


def _tasks() -> Select[Any]:
    return (
        select(TASKS, STEPS.c.name.label("step"), RUNS.c.progress, RUNS.c.activity)
        .join(STEPS, STEPS.c.id == TASKS.c.step_id)
        .outerjoin(RUNS, RUNS.c.id == TASKS.c.run_id)
    )


def list_tasks(session: Session, query: TaskQuery, kind: Any) -> Page[TaskAnswer]:
    """Tasks that fit."""
    statement = _tasks()
    if query.job is not None:
        statement = statement.where(TASKS.c.job_id == query.job)
    if query.status:
        statement = statement.where(one_of(TASKS.c.status, query.status, kind, "status"))
    if query.step:
        statement = statement.where(STEPS.c.name == query.step)
    if query.worker:
        statement = statement.where(TASKS.c.worker_id == query.worker)
    sorts = {"id": TASKS.c.id, **{name: TASKS.c[name] for name in ("status", "attempts", "failures")}}
    return page(session, statement, query, sorts, TASKS.c.id, present_task)


def task(session: Session, task_id: int) -> TaskAnswer:
    """The task of that id. Raises `NotFound`."""
    row = session.execute(_tasks().where(TASKS.c.id == task_id)).one_or_none()
    if row is None:
        raise NotFound(f"there is no task {task_id}")
    return present_task(row)


def present_task(row: Any) -> TaskAnswer:
    """As it is sent."""
    return TaskAnswer(
        id=row.id,
        job=row.job_id,
        step=row.step,
        status=row.status,
        params=msgspec.json.decode(row.params),
        worker=row.worker_id,
        run=row.run_id,
        attempts=row.attempts,
        failures=row.failures,
        losses=row.losses,
        reason=row.reason,
        progress=row.progress,
        activity=row.activity or "",
        finished_at=moment(row.finished_at),
    )


def _runs() -> Select[Any]:
    return select(RUNS, STEPS.c.name.label("step")).join(STEPS, STEPS.c.id == RUNS.c.step_id)


def list_runs(session: Session, query: RunQuery, kind: Any) -> Page[RunSummary]:
    """Runs that fit, the newest first."""
    statement = _runs()
    for column, value in ((RUNS.c.job_id, query.job), (RUNS.c.task_id, query.task)):
        if value is not None:
            statement = statement.where(column == value)
    if query.worker:
        statement = statement.where(RUNS.c.worker_id == query.worker)
    if query.status:
        statement = statement.where(one_of(RUNS.c.status, query.status, kind, "status"))
    sorts = {"started": RUNS.c.started_at, "updated": RUNS.c.updated_at, "memory": RUNS.c.peak_memory_mb}
    return page(session, statement, query, sorts, RUNS.c.id, _run_summary, "-started")


def run(session: Session, run_id: str) -> RunAnswer:
    """The run of that id. Raises `NotFound`."""
    row = session.execute(_runs().where(RUNS.c.id == run_id)).one_or_none()
    if row is None:
        raise NotFound(f"there is no run {run_id!r}")
    return RunAnswer(commands=row.commands, timings=row.timings, log_tail=row.log_tail, **_run_fields(row))


def _run_summary(row: Any) -> RunSummary:
    return RunSummary(**_run_fields(row))


def _run_fields(row: Any) -> dict[str, Any]:
    same = ("id", "step", "status", "attempt", "progress", "activity", "reason", "peak_memory_mb")
    return {
        **{name: getattr(row, name) for name in same},
        "task": row.task_id,
        "job": row.job_id,
        "worker": row.worker_id,
        "manager": row.manager_id,
        "started_at": moment_of(row.started_at),
        "updated_at": moment_of(row.updated_at),
        "finished_at": moment(row.finished_at),
    }


def list_outputs(session: Session, job_id: int, query: OutputQuery) -> Page[OutputAnswer]:
    """What a job made, by path."""
    statement = _outputs().where(OUTPUTS.c.job_id == job_id)
    wanted = (
        (OUTPUTS.c.kind, query.kind or None),
        (STEPS.c.name, query.step or None),
        (OUTPUTS.c.frame, query.frame),
        (OUTPUTS.c.task_id, query.task),
        (OUTPUTS.c.run_id, query.run or None),
    )
    for column, value in wanted:
        if value is not None:
            statement = statement.where(column == value)
    if query.ids:
        statement = statement.where(OUTPUTS.c.id.in_(_ids(query.ids)))
    if query.worker:
        statement = statement.join(RUNS, RUNS.c.id == OUTPUTS.c.run_id).where(RUNS.c.worker_id == query.worker)
    sorts = {"path": OUTPUTS.c.path, "created": OUTPUTS.c.created_at, "size": OUTPUTS.c.size, "id": OUTPUTS.c.id}
    return page(session, statement, query, sorts, OUTPUTS.c.id, present_output)


def _ids(text: str) -> list[int]:
    parts = text.split(",")
    if len(parts) > 1000 or not all(part.isascii() and part.isdigit() and int(part) < 2**63 for part in parts):
        raise Invalid("ids must be at most 1000 numbers with commas between", "ids")
    return [int(part) for part in parts]


def _outputs() -> Select[Any]:
    return select(OUTPUTS, STEPS.c.name.label("step")).join(STEPS, STEPS.c.id == OUTPUTS.c.step_id)


def present_output(row: Any) -> OutputAnswer:
    """As it is sent."""
    same = ("id", "step", "root", "path", "sha256", "size", "kind", "frame", "width", "height", "layer", "thumbnail")
    return OutputAnswer(
        job=row.job_id,
        task=row.task_id,
        run=row.run_id,
        created_at=moment_of(row.created_at),
        **{name: getattr(row, name) for name in same},
    )


def files_of(session: Session, task_id: int) -> TaskFiles:
    """What a task needs of the job's manifest, and of the outputs of the steps that its step waits for, directly or not."""
    found = session.execute(
        select(TASKS.c.job_id, TASKS.c.step_id, TASKS.c.params, STEPS.c.template)
        .join(STEPS, STEPS.c.id == TASKS.c.step_id)
        .where(TASKS.c.id == task_id)
    ).one_or_none()
    if found is None:
        raise NotFound(f"there is no task {task_id}")
    steps = session.execute(
        select(STEPS.c.id, STEPS.c.name, STEPS.c.after).where(STEPS.c.job_id == found.job_id).order_by(STEPS.c.position)
    ).all()
    files = [
        TaskFile(row.path, row.sha256, row.size)
        for row in session.execute(select(FILES).where(FILES.c.job_id == found.job_id).order_by(FILES.c.path))
    ]
    before = _before(steps, found.step_id)
    if before:
        made = _outputs().where(OUTPUTS.c.step_id.in_(before)).order_by(OUTPUTS.c.root, OUTPUTS.c.path)
        files += [
            TaskFile(row.path, row.sha256, row.size, row.root, row.step, row.frame) for row in session.execute(made)
        ]
    return TaskFiles(_needed(found, files))


def _needed(found: Any, files: list[TaskFile]) -> list[TaskFile]:
    try:
        commands = fill(msgspec.json.decode(found.template), msgspec.json.decode(found.params), {})
    except BadTemplate:  # the manager will say so
        return files
    return needed(commands, files)


def _before(steps: Sequence[Any], step_id: int) -> list[int]:
    """Ids of the steps that come before that one, directly or not."""
    by_name = {step.name: step for step in steps}
    waits = [name for step in steps if step.id == step_id for name in step.after]
    found: dict[str, int] = {}
    while waits:
        name = waits.pop()
        if name not in found:
            found[name] = by_name[name].id
            waits.extend(by_name[name].after)
    return sorted(found.values())
