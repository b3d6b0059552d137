"""Jobs as people see them: counters, progress, the time that is left, and why nothing happens."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from functools import reduce
from typing import Any

import msgspec
from flamenco_common.states import JobState
from sqlalchemy import Double, Select, Text, cast, func, select, type_coerce
from sqlalchemy.orm import Session

from flamenco_server.errors import Invalid, NotFound
from flamenco_server.helpers.moments import moment, moment_of
from flamenco_server.helpers.paging import Page, page
from flamenco_server.modules.jobs.schemas import (
    Counts,
    FailureReason,
    Job,
    JobFileAnswer,
    JobFileQuery,
    JobQuery,
    JobSummary,
    StepAnswer,
)  # fmt: skip
from flamenco_server.modules.jobs.settling import counts_of
from flamenco_server.modules.jobs.waiting import waiting_because
from flamenco_server.modules.projects.models import Project
from flamenco_server.modules.scheduler.fleet import Fleet
from flamenco_server.modules.tasks.models import TaskFailure
from flamenco_server.modules.tasks.moves import COUNTERS, IS_PROCESSING, JOBS, STEPS, TASKS
from flamenco_server.modules.tasks.service import FILES, RUNS, one_of

_MOST_REASONS = 20
_LATEST_RUNS = 100
_FINISHED = func.coalesce(JOBS.c.finished_at, 0.0)  # those that are not come last where the latest comes first
_PROGRESS = func.coalesce(
    cast(JOBS.c.n_completed, Double)
    / func.nullif(reduce(operator.add, (JOBS.c[name] for name in COUNTERS.values())), 0),
    0.0,
)
_TAGS = type_coerce(JOBS.c.tags, Text)
_JUST_NOW_SECONDS = 30.0


# What only a job's own page tells: with a list, documents that nobody reads would be read and decoded.
_LONG = ("settings", "scene", "overrides", "blend", "job_root", "output_root", "client_token", "reason")
_BRIEF = [column for column in JOBS.c if column.name not in _LONG]


def _jobs(columns: Iterable[Any] = JOBS.c) -> Select[Any]:
    return select(*columns, Project.name.label("project")).join(Project, Project.id == JOBS.c.project_id)


def list_jobs(session: Session, query: JobQuery) -> Page[JobSummary]:
    """Jobs that fit, the newest first."""
    statement = _jobs(_BRIEF)
    if query.state:
        statement = statement.where(one_of(JOBS.c.state, query.state, JobState, "state"))
    for column, value in ((JOBS.c.type, query.type), (Project.name, query.project), (JOBS.c.owner, query.owner)):
        if value:
            statement = statement.where(column == value)
    if query.name:
        statement = statement.where(JOBS.c.name.icontains(query.name, autoescape=True))
    if query.tag:
        # Tags are stored as a JSON list of texts.
        statement = statement.where(_TAGS.contains(msgspec.json.encode(query.tag).decode(), autoescape=True))
    if query.ids:
        statement = statement.where(JOBS.c.id.in_(_ids(query.ids)))
    if query.archived is not None:
        statement = statement.where(JOBS.c.archived == query.archived)
    sorts: dict[str, Any] = {"id": JOBS.c.id, **{name: JOBS.c[name] for name in ("name", "priority", "state")}}
    sorts |= {"created": JOBS.c.created_at, "finished": _FINISHED, "progress": _PROGRESS}
    return page(session, statement, query, sorts, JOBS.c.id, lambda row: JobSummary(**_summary(row)), "-created")


def _ids(text: str) -> list[int]:
    parts = text.split(",")
    if len(parts) > 1000 or not all(part.isascii() and part.isdigit() and int(part) < 2**31 for part in parts):
        raise Invalid("ids are at most 1000 numbers of jobs, with commas", "ids")
    return [int(part) for part in parts]


def _counts(row: Any) -> tuple[Counts, int]:
    counts = {status.value: count for status, count in counts_of(row).items()}
    return Counts(**counts), sum(counts.values())


def _summary(row: Any) -> dict[str, Any]:
    counts, total = _counts(row)
    same = ("id", "name", "type", "project", "owner", "priority", "state", "archived", "thumbnail", "max_workers")
    return {
        **{name: getattr(row, name) for name in same},
        "comment": row.comment,
        "tags": row.tags,
        "mean_seconds": row.busy_seconds / row.busy_runs if row.busy_runs else None,
        "eta_seconds": _rough_eta(row),
        "counts": counts,
        "total": total,
        "progress": counts.completed / total if total else 0.0,
        "created_at": moment_of(row.created_at),
        "started_at": moment(row.started_at),
        "finished_at": moment(row.finished_at),
    }


def job(session: Session, job_id: int, fleet: Fleet) -> Job:
    """A job in whole. Raises `NotFound`."""
    row = session.execute(_jobs().where(JOBS.c.id == job_id)).one_or_none()
    if row is None:
        raise NotFound(f"there is no job {job_id}")
    steps = _steps(session, job_id)
    running = _running(session, job_id)
    workers = {run.worker_id for run in running}
    same = (
        "settings", "scene", "preset", "overrides", "blend", "blender", "storage", "job_root", "output_root",
        "allow_missing", "client_token",
    )  # fmt: skip
    summary = _summary(row)
    if summary["total"]:
        summary["progress"] += sum(run.progress or 0.0 for run in running) / summary["total"]
    summary["eta_seconds"] = _eta(row, steps, running, len(workers) or _just_now(session, job_id, fleet.now))
    return Job(
        **summary,
        **{name: getattr(row, name) for name in same},
        workers=len(workers),
        waiting_because=waiting_because(session, row, steps, fleet),
        failures=_failures(session, job_id),
    )


def _steps(session: Session, job_id: int) -> Sequence[Any]:
    return session.execute(select(STEPS).where(STEPS.c.job_id == job_id).order_by(STEPS.c.position)).all()


def _running(session: Session, job_id: int) -> Sequence[Any]:
    """The runs that own a task of the job."""
    return session.execute(
        select(TASKS.c.worker_id, TASKS.c.step_id, RUNS.c.progress)
        .join(RUNS, RUNS.c.id == TASKS.c.run_id)
        .where(TASKS.c.job_id == job_id, IS_PROCESSING)
    ).all()


def _just_now(session: Session, job_id: int, now: float) -> int:
    """The workers that ended a run of the job a moment ago: between two tasks, it has no others."""
    latest = (
        select(RUNS.c.worker_id, RUNS.c.updated_at)
        .where(RUNS.c.job_id == job_id)
        .order_by(RUNS.c.started_at.desc())
        .limit(_LATEST_RUNS)
    )
    return len({run.worker_id for run in session.execute(latest) if run.updated_at > now - _JUST_NOW_SECONDS})


def _rough_eta(row: Any) -> float | None:
    """Seconds that are left, from the job's own counters alone, as in a list of many jobs."""
    if not row.busy_runs or not row.n_processing or row.state != JobState.PROCESSING.value:
        return None
    left = row.n_waiting + row.n_queued + row.n_processing
    return float(left * row.busy_seconds / row.busy_runs / row.n_processing)


def _eta(row: Any, steps: Sequence[Any], running: Sequence[Any], workers: int) -> float | None:
    """Seconds that are left, from measured times and the workers on the job; None while nothing was measured."""
    if not workers or row.state not in (JobState.QUEUED.value, JobState.PROCESSING.value):
        return None
    left, known = 0.0, False
    for step in steps:
        if not step.busy_runs:
            continue
        known = True
        done = sum(run.progress or 0.0 for run in running if run.step_id == step.id)
        tasks = step.n_waiting + step.n_queued + step.n_processing - done
        left += tasks * step.busy_seconds / step.busy_runs
    return left / workers if known else None


def _failures(session: Session, job_id: int) -> list[FailureReason]:
    count = func.count()
    rows = session.execute(
        select(
            TaskFailure.reason,
            count,
            func.count(TaskFailure.task_id.distinct()),
            func.count(TaskFailure.worker_id.distinct()),
        )
        .where(TaskFailure.job_id == job_id)
        .group_by(TaskFailure.reason)
        .order_by(count.desc(), TaskFailure.reason)
        .limit(_MOST_REASONS)
    )
    return [FailureReason(*row) for row in rows]


def steps(session: Session, job_id: int) -> list[StepAnswer]:
    """The steps of a job, in order."""
    return [_step(row) for row in _steps(session, job_id)]


def _step(row: Any) -> StepAnswer:
    counts, total = _counts(row)
    return StepAnswer(
        id=row.id,
        position=row.position,
        name=row.name,
        after=row.after,
        counts=counts,
        total=total,
        progress=counts.completed / total if total else 0.0,
        requirements=msgspec.json.decode(row.requirements),
        template=msgspec.json.decode(row.template),
        timeout_seconds=row.timeout_seconds,
        retries=row.retries,
        mean_seconds=row.busy_seconds / row.busy_runs if row.busy_runs else None,
    )


def list_files(session: Session, job_id: int, query: JobFileQuery) -> Page[JobFileAnswer]:
    """The files that came with a job."""
    statement = select(FILES).where(FILES.c.job_id == job_id)
    if query.path:
        statement = statement.where(FILES.c.path.icontains(query.path, autoescape=True))
    sorts = {"path": FILES.c.path, "size": FILES.c.size}
    return page(
        session, statement, query, sorts, FILES.c.path, lambda row: JobFileAnswer(row.path, row.sha256, row.size)
    )
