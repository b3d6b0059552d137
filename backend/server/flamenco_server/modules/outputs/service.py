"""From outputs and manifests to the entries of a zip."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from flamenco_common.paths import BadPath, check_relative
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from flamenco_server.errors import Conflict, Invalid, NotFound
from flamenco_server.modules.files.sending import Entry
from flamenco_server.modules.files.service import all_sizes
from flamenco_server.modules.jobs.models import Job, Step
from flamenco_server.modules.tasks.models import Output, Task
from flamenco_server.modules.tasks.service import files_of

MOST_RANGES = 400
_RANGE = re.compile(r"(\d{1,18})(?:-(\d{1,18}))?")


def output(session: Session, output_id: int) -> Output:
    """The output of that id, if its bytes came to the farm. Raises `NotFound`, `Conflict`."""
    found = session.get(Output, output_id)
    if found is None:
        raise NotFound(f"there is no output {output_id}")
    check_uploaded(session, found.job_id)
    return found


def check_uploaded(session: Session, job_id: int) -> Job:
    """The job, if its files are on the farm. Raises `NotFound`, `Conflict`."""
    job = session.get(Job, job_id)
    if job is None:
        raise NotFound(f"there is no job {job_id}")
    if job.storage == "shared":
        raise Conflict(f"the files of the job {job_id} are not here: they lie on shared storage in {job.output_root}")
    return job


def entries_of_job(session: Session, job_id: int, kind: str, step: str, chosen: str = "") -> list[Entry]:
    """A job's outputs by their paths; those that went into the job's own tree are below `job/`."""
    query = select(Output.root, Output.path, Output.sha256).where(Output.job_id == job_id)
    if kind:
        query = query.where(Output.kind == kind)
    if chosen:
        query = query.where(or_(*(Output.id.between(first, last) for first, last in id_ranges(chosen))))
    if step:
        query = query.join(Step, Step.id == Output.step_id).where(Step.name == step)
    rows = session.execute(query.order_by(Output.root, Output.path)).all()
    return _entries(session, [(path if root == "output" else f"{root}/{path}", sha256) for root, path, sha256 in rows])


def id_ranges(text: str) -> list[tuple[int, int]]:
    """The ranges of ids in a text like `7,12-90`. Raises `Invalid`."""
    parts = [part for part in text.split(",") if part]
    if len(parts) > MOST_RANGES:
        raise Invalid(f"{len(parts)} outputs and ranges are too many for one request, {MOST_RANGES} are not", "outputs")
    found = [_RANGE.fullmatch(part.strip()) for part in parts]
    if not parts or not all(found):
        raise Invalid("outputs must be ids and ranges of ids, like 7,12-90", "outputs")
    return [(int(each[1]), int(each[2] or each[1])) for each in found if each]


def entries_of_task(session: Session, task_id: int) -> list[Entry]:
    """All that a task needs, each named by its root and its path."""
    task = session.get(Task, task_id)
    if task is None:
        raise NotFound(f"there is no task {task_id}")
    check_uploaded(session, task.job_id)
    needed = files_of(session, task_id).files
    return _entries(session, [(f"{file.root}/{file.path}", file.sha256) for file in needed])


def _entries(session: Session, named: Sequence[tuple[str, Any]]) -> list[Entry]:
    """Zip entries with their sizes. Raises `NotFound` for one whose bytes the farm lacks."""
    sizes = all_sizes(session, [sha256 for _, sha256 in named])
    for name, _ in named:
        try:
            check_relative(name)
        except BadPath as error:
            raise Conflict(f"this cannot be packed: {error}") from error
    return [Entry(name, sha256, sizes[sha256]) for name, sha256 in named]
