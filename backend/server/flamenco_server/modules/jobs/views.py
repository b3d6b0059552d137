"""Jobs over HTTP."""

from __future__ import annotations

import dataclasses
from typing import Any, cast

import msgspec
from flamenco_common.authoring import Setting, declared, type_name
from flamenco_common.states import RunStatus, TaskStatus
from flask import Flask, current_app

from flamenco_server.context import Core, core, principal
from flamenco_server.endpoints import Answered, Endpoints
from flamenco_server.helpers.paging import Page
from flamenco_server.modules.auth.principal import Role
from flamenco_server.modules.files.service import missing
from flamenco_server.modules.jobs import presenting
from flamenco_server.modules.jobs.actions import JobActions
from flamenco_server.modules.jobs.compilers import Compiler, Compilers, built_in
from flamenco_server.modules.jobs.deleting import collect_files_of
from flamenco_server.modules.jobs.grid import grid, times
from flamenco_server.modules.jobs.permissions import check_may_change
from flamenco_server.modules.jobs.schemas import (
    Grid,
    Job,
    JobChange,
    JobFileAnswer,
    JobFileQuery,
    JobQuery,
    JobSubmission,
    JobSummary,
    JobType,
    JobTypes,
    Requeue,
    SettingAnswer,
    StepAnswer,
    Times,
)  # fmt: skip
from flamenco_server.modules.jobs.service import JobService
from flamenco_server.modules.scheduler.fleet import Fleet
from flamenco_server.modules.settings.presets import build_presets
from flamenco_server.modules.tasks import service as tasks
from flamenco_server.modules.tasks.schemas import OutputAnswer, OutputQuery, RunQuery, RunSummary, TaskAnswer, TaskQuery

endpoint = Endpoints("jobs")
_SERVICE = "flamenco.jobs"
_ACTIONS = "flamenco.jobs.actions"


def setup(app: Flask, core: Core) -> None:
    """Make the module's collaborators."""
    folders = [*core.config.job_compilers, *([built_in()] if core.config.builtin_compilers else [])]
    presets = build_presets(core.config, core.database).preset
    app.extensions[_SERVICE] = JobService(core.database, Compilers(folders), core.clock, presets, missing)
    app.extensions[_ACTIONS] = JobActions(core.database, core.clock)


def service() -> JobService:
    """Submission and change."""
    return cast(JobService, current_app.extensions[_SERVICE])


def actions() -> JobActions:
    """Cancel, pause, resume, requeue."""
    return cast(JobActions, current_app.extensions[_ACTIONS])


@endpoint("GET", "/jobs", query=JobQuery, answer=Page[JobSummary], role=Role.VIEWER)
def list_jobs(query: JobQuery) -> Page[JobSummary]:
    """List jobs."""
    with core().database.reading() as session:
        return presenting.list_jobs(session, query)


@endpoint("POST", "/jobs", body=JobSubmission, answer=Job, status=201, role=Role.ARTIST, statuses=(200,))
def submit_job(body: JobSubmission) -> Answered:
    """Submit a job.

    The same client token again answers 200 with the same job, and makes none.
    """
    job_id, is_new = service().submit(body, principal().name)
    return Answered(show_job(job_id), 201 if is_new else 200)


@endpoint("GET", "/jobs/<int:job_id>", answer=Job, role=Role.VIEWER)
def show_job(job_id: int) -> Job:
    """Show a job: its counters, the time that is left, and why nothing happens if so."""
    fleet = Fleet(core().clock(), core().config.worker_silent_seconds)
    with core().database.reading() as session:
        return presenting.job(session, job_id, fleet)


@endpoint("PATCH", "/jobs/<int:job_id>", body=JobChange, answer=Job, role=Role.ARTIST)
def change_job(job_id: int, body: JobChange) -> Job:
    """Change a job; its settings only before its tasks ran.

    Settings are merged into those that it has; null takes one away.
    """
    check_may_change(principal(), job=job_id)
    service().change(job_id, body, principal().name)
    return show_job(job_id)


@endpoint("DELETE", "/jobs/<int:job_id>", status=204, role=Role.ARTIST)
def delete_job(job_id: int) -> None:
    """Remove a job with its tasks, its records and the files that only it needs."""
    check_may_change(principal(), job=job_id)
    with collect_files_of(job_id):
        service().delete(job_id, principal().name)


@endpoint("POST", "/jobs/<int:job_id>/cancel", answer=Job, role=Role.ARTIST)
def cancel_job(job_id: int) -> Job:
    """Cancel what is not finished."""
    check_may_change(principal(), job=job_id)
    actions().cancel(job_id, principal().name)
    return show_job(job_id)


@endpoint("POST", "/jobs/<int:job_id>/pause", answer=Job, role=Role.ARTIST)
def pause_job(job_id: int) -> Job:
    """Hand out no more tasks of it; those that run may finish."""
    check_may_change(principal(), job=job_id)
    actions().pause(job_id, principal().name)
    return show_job(job_id)


@endpoint("POST", "/jobs/<int:job_id>/resume", answer=Job, role=Role.ARTIST)
def resume_job(job_id: int) -> Job:
    """Go on with a paused job."""
    check_may_change(principal(), job=job_id)
    actions().resume(job_id, principal().name)
    return show_job(job_id)


@endpoint("POST", "/jobs/<int:job_id>/requeue", body=Requeue, answer=Job, role=Role.ARTIST)
def requeue_job(job_id: int, body: Requeue) -> Job:
    """Do tasks again: chosen ones, those of some frames, the failed ones, or (an empty object) all."""
    check_may_change(principal(), job=job_id)
    actions().requeue(job_id, body, principal().name)
    return show_job(job_id)


@endpoint("GET", "/jobs/<int:job_id>/steps", answer=Page[StepAnswer], role=Role.VIEWER)
def steps_of_job(job_id: int) -> Page[StepAnswer]:
    """List a job's steps."""
    with core().database.reading() as session:
        tasks.check_job(session, job_id)
        return Page(presenting.steps(session, job_id), None)


@endpoint("GET", "/jobs/<int:job_id>/tasks", query=TaskQuery, answer=Page[TaskAnswer], role=Role.VIEWER)
def tasks_of_job(job_id: int, query: TaskQuery) -> Page[TaskAnswer]:
    """List a job's tasks."""
    with core().database.reading() as session:
        tasks.check_job(session, job_id)
        return tasks.list_tasks(session, msgspec.structs.replace(query, job=job_id), TaskStatus)


@endpoint("GET", "/jobs/<int:job_id>/runs", query=RunQuery, answer=Page[RunSummary], role=Role.VIEWER)
def runs_of_job(job_id: int, query: RunQuery) -> Page[RunSummary]:
    """List a job's runs, the newest first."""
    with core().database.reading() as session:
        tasks.check_job(session, job_id)
        return tasks.list_runs(session, msgspec.structs.replace(query, job=job_id), RunStatus)


@endpoint("GET", "/jobs/<int:job_id>/outputs", query=OutputQuery, answer=Page[OutputAnswer], role=Role.VIEWER)
def outputs_of_job(job_id: int, query: OutputQuery) -> Page[OutputAnswer]:
    """List what a job made."""
    with core().database.reading() as session:
        tasks.check_job(session, job_id)
        return tasks.list_outputs(session, job_id, query)


@endpoint("GET", "/jobs/<int:job_id>/grid", answer=Grid, role=Role.VIEWER)
def grid_of_job(job_id: int) -> Grid:
    """Show all tasks of a job at once, as columns."""
    with core().database.reading() as session:
        return grid(session, job_id)


@endpoint("GET", "/jobs/<int:job_id>/times", answer=Times, role=Role.VIEWER)
def times_of_job(job_id: int) -> Times:
    """Show how long the job's completed runs took, as columns."""
    with core().database.reading() as session:
        return times(session, job_id)


@endpoint("GET", "/jobs/<int:job_id>/files", query=JobFileQuery, answer=Page[JobFileAnswer], role=Role.VIEWER)
def files_of_job(job_id: int, query: JobFileQuery) -> Page[JobFileAnswer]:
    """List the files that came with a job."""
    with core().database.reading() as session:
        tasks.check_job(session, job_id)
        return presenting.list_files(session, job_id, query)


@endpoint("GET", "/job-types", answer=JobTypes, role=Role.VIEWER)
def list_job_types() -> JobTypes:
    """List the job types, with their settings; the broken ones with their errors."""
    return JobTypes([_job_type(compiler) for compiler in service().compilers.all().values()])


@endpoint("GET", "/job-types/<name>", answer=JobType, role=Role.VIEWER)
def show_job_type(name: str) -> JobType:
    """Show a job type."""
    return _job_type(service().compilers.find(name))


def _job_type(compiler: Compiler) -> JobType:
    settings = declared(compiler.module.Settings) if compiler.module else {}
    defaults = compiler.settings()
    listed = [_setting(entry, meta, defaults) for entry, meta in settings.values()]
    return JobType(compiler.name, compiler.help, compiler.error, listed)


def _setting(entry: dataclasses.Field[Any], meta: Setting, defaults: dict[str, Any]) -> SettingAnswer:
    return SettingAnswer(
        name=entry.name,
        type=type_name(entry),
        label=meta.label or entry.name.replace("_", " ").capitalize(),
        help=meta.help,
        default=defaults.get(entry.name),
        required=entry.name not in defaults and meta.source is None,
        source=meta.source.value if meta.source else None,
        minimum=meta.minimum,
        maximum=meta.maximum,
        choices=list(meta.choices),
        hidden=meta.hidden,
    )
