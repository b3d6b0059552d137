"""From a submission to steps and tasks: validation, compilation, and the rows in the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from flamenco_common.abilities import Requirements
from flamenco_common.authoring import JobBuilder, Step
from flamenco_common.paths import BadPath, check_relative
from flamenco_common.states import TaskStatus
from flamenco_common.templates import BadTemplate, fill
from sqlalchemy import delete, insert
from sqlalchemy.orm import Session

from flamenco_server.db import Database
from flamenco_server.errors import Invalid
from flamenco_server.modules.jobs.compilers import Compilers
from flamenco_server.modules.jobs.schemas import SubmittedFile
from flamenco_server.modules.settings.presets import BadPreset, check_override
from flamenco_server.modules.tasks.moves import STEPS, TASKS, Tally

_INSERT_ALL = "INSERT INTO tasks (job_id, step_id, status, params) SELECT ?, ?, ?, value FROM json_each(?) ORDER BY key"
_COPY = "COPY tasks (job_id, step_id, status, params) FROM STDIN"


@dataclass(frozen=True)
class Compilation:
    """What a compilation reads, as the job keeps it."""

    type: str
    name: str
    settings: Mapping[str, Any]
    scene: Mapping[str, Any]
    preset: Mapping[str, Any]  # of the named preset
    overrides: Mapping[str, Any]
    blend: str
    files: Sequence[str]
    blender: str
    tags: Sequence[str]
    allow_missing: bool
    allow_scripts: bool


def check_files(files: Sequence[SubmittedFile], blend: str, storage: str) -> None:
    """Raise `Invalid` unless the manifest is whole: clean paths, no doubles, hashes, and the .blend in it."""
    if storage == "uploaded" and not files:
        raise Invalid("the manifest is empty: a job without shared storage must name its files", "files")
    seen: set[str] = set()
    for number, file in enumerate(files):
        _check_path(file.path, f"files[{number}].path")
        if file.path in seen:
            raise Invalid(f"the file {file.path!r} is named twice", f"files[{number}].path")
        if storage == "uploaded" and not file.sha256:
            raise Invalid(f"the file {file.path!r} has no hash", f"files[{number}].sha256")
        seen.add(file.path)
    if blend:
        _check_path(blend, "blend")
    if blend and storage == "uploaded" and blend not in seen:
        raise Invalid(f"the .blend {blend!r} is not among the job's files", "blend")


def _check_path(path: str, field: str) -> None:
    try:
        check_relative(path)
    except BadPath as error:
        raise Invalid(str(error), field) from error


def check_overrides(overrides: Mapping[str, Any]) -> None:
    """Raise `Invalid` for an override that no session driver knows, or with a value that it cannot have."""
    for name, value in overrides.items():
        try:
            check_override(name, value)
        except BadPreset as error:
            raise Invalid(str(error), f"overrides.{name}") from error


def compiled(compilers: Compilers, what: Compilation) -> list[Step]:
    """The steps of a job, requirements and all. Raises `Invalid`."""
    builder = JobBuilder(
        blend=f"{{job}}/{what.blend}" if what.blend else "",
        name=what.name,
        scene=what.scene,
        preset={**what.preset, **what.overrides},
        files=what.files,
        allow_missing=what.allow_missing,
        allow_scripts=what.allow_scripts,
    )
    compiler = compilers.get(what.type)
    compiler.compile(what.settings, builder)
    for step in builder.steps:
        _check_template(step, what.type)
    return builder.steps


def _check_template(step: Step, job_type: str) -> None:
    """Fill the template for the first and the last task; an error shows now and not on a worker."""
    for params in (step.tasks[0], step.tasks[-1]):
        try:
            fill(step.template, params, {})
        except BadTemplate as error:
            raise Invalid(f"the job type {job_type!r}, step {step.name!r}: {error}", "type") from error


def requirements_of(step: Step, blender: str, tags: Sequence[str]) -> Requirements:
    """The step's requirements with the job's wanted Blender and tags."""
    needs = step.requirements
    wanted = needs.blender or (blender if "blender" in needs.kinds else "")
    return msgspec.structs.replace(needs, blender=wanted, tags=sorted({*needs.tags, *tags}))


def store_steps(
    database: Database,
    session: Session,
    tally: Tally,
    job_id: int,
    steps: Sequence[Step],
    blender: str,
    tags: list[str],
) -> None:
    """Insert steps and tasks; the counters come with the tally."""
    for position, step in enumerate(steps):
        row = {
            "job_id": job_id,
            "position": position,
            "name": step.name,
            "template": msgspec.json.encode(step.template).decode(),
            "requirements": msgspec.json.encode(requirements_of(step, blender, tags)).decode(),
            "after": list(step.after),
            "timeout_seconds": step.timeout_seconds,
            "retries": step.retries,
        }
        counters = {name: 0 for name in STEPS.c.keys() if name.startswith(("n_", "busy"))}  # noqa: SIM118
        step_id = session.execute(insert(STEPS).values(**row, **counters).returning(STEPS.c.id)).scalar_one()
        status = TaskStatus.WAITING if step.after else TaskStatus.QUEUED
        _store_tasks(database, session, (job_id, step_id, status.value), step.tasks)
        tally.add(job_id, step_id, None, status, len(step.tasks))


def delete_steps(session: Session, job_id: int) -> None:
    """Delete a job's steps, its tasks, and all that hangs on those."""
    session.execute(delete(TASKS).where(TASKS.c.job_id == job_id))
    session.execute(delete(STEPS).where(STEPS.c.job_id == job_id))


def _store_tasks(
    database: Database, session: Session, common: tuple[int, int, str], params: Sequence[Mapping[str, Any]]
) -> None:
    """Insert tasks the fastest way that the database has; `common` is what they share: job, step and status."""
    connection = session.connection()
    if database.is_sqlite:
        # One statement for all rows costs a third of one for each.
        connection.exec_driver_sql(_INSERT_ALL, (*common, msgspec.json.encode(params).decode()))
        return
    driver: Any = connection.connection.driver_connection
    encode = msgspec.json.Encoder().encode
    with driver.cursor() as cursor, cursor.copy(_COPY) as copy:
        for one in params:
            copy.write_row((*common, encode(one).decode()))
