"""All tasks of a job at once, as columns of small values: for a picture of a hundred thousand frames."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
from flamenco_common.states import RunStatus
from sqlalchemy import Text, bindparam, cast, func, select
from sqlalchemy.orm import Session

from flamenco_server.modules.jobs.schemas import Grid, Times
from flamenco_server.modules.tasks.moves import STEPS, TASKS
from flamenco_server.modules.tasks.service import RUNS, check_job

LETTERS = {
    "waiting": "w", "queued": "q", "processing": "p", "completed": "c", "failed": "f", "canceled": "x",
}  # fmt: skip
MOST_TIMES = 20_000
T = TypeVar("T")


# A column comes as one text: a row object for each of a hundred thousand tasks costs more than all the rest.
_TASKS = (
    select(
        TASKS.c.id,
        TASKS.c.step_id,
        TASKS.c.params,
        TASKS.c.status,
        func.coalesce(TASKS.c.worker_id, "").label("worker"),
    )
    .where(TASKS.c.job_id == bindparam("job"))
    .order_by(TASKS.c.id)
    .subquery()
)
_COLUMNS = select(*(func.aggregate_strings(cast(column, Text), ",").label(column.name) for column in _TASKS.c))


class _Numbered:
    """Numbers values in the order in which they first come."""

    def __init__(self) -> None:
        self.known: dict[Any, int] = {}

    def of(self, value: Any) -> int:
        return self.known.setdefault(value, len(self.known))


def grid(session: Session, job_id: int) -> Grid:
    """Every task of a job, in order. Raises `NotFound`."""
    check_job(session, job_id)
    steps = select(STEPS.c.id, STEPS.c.name).where(STEPS.c.job_id == job_id).order_by(STEPS.c.position)
    names = {str(row.id): row.name for row in session.execute(steps)}
    position = {step: at for at, step in enumerate(names)}
    tasks = session.connection().execute(_COLUMNS, {"job": job_id}).one()
    if tasks.id is None:
        return Grid(steps=list(names.values()), workers=[], task=[], step=[], label=[], status="", worker=[])
    workers = _Numbered()
    return Grid(
        steps=list(names.values()),
        task=_listed(tasks.id, list[int]),
        step=[position[step] for step in tasks.step_id.split(",")],
        label=[label(params) for params in _listed(tasks.params, list[dict[str, Any]])],
        status="".join(LETTERS[status] for status in tasks.status.split(",")),
        worker=[workers.of(worker) if worker else -1 for worker in tasks.worker.split(",")],
        workers=list(workers.known),
    )


def _listed(text: str, kind: type[T]) -> T:
    """Values in JSON with commas between."""
    return msgspec.json.decode(f"[{text}]", type=kind)


def label(params: dict[str, Any]) -> str:
    """What a task is about, in as few words as there are: its frames, else its other parameters."""
    if "frames" in params:
        return str(params["frames"])
    return ", ".join(_worded(value) for value in params.values())[:80]


def _worded(value: Any) -> str:
    """A tile by its corner; another value as it is."""
    if isinstance(value, dict):
        return "/".join(str(value[name]) for name in ("x0", "y0", "offset", "first") if name in value)
    return " ".join(str(each) for each in value) if isinstance(value, list) else str(value)


def _seconds(timings: list[dict[str, Any]]) -> float:
    """What the frames themselves took; a run is given out a little before its worker gets to it."""
    return float(sum(each.get("total", 0.0) for each in timings or []))


def times(session: Session, job_id: int) -> Times:
    """How long the job's completed runs took, the newest `MOST_TIMES` of them. Raises `NotFound`."""
    check_job(session, job_id)
    rows = session.execute(
        select(
            RUNS.c.task_id,
            RUNS.c.started_at,
            RUNS.c.finished_at,
            RUNS.c.peak_memory_mb,
            RUNS.c.worker_id,
            RUNS.c.timings,
        )
        .where(RUNS.c.job_id == job_id, RUNS.c.status == RunStatus.COMPLETED.value, RUNS.c.finished_at.is_not(None))
        .order_by(RUNS.c.started_at.desc())
        .limit(MOST_TIMES)
    ).all()
    workers = _Numbered()
    return Times(
        task=[row[0] for row in rows],
        seconds=[round(_seconds(row.timings) or row[2] - row[1], 3) for row in rows],
        memory_mb=[row[3] for row in rows],
        worker=[workers.of(row[4]) for row in rows],
        workers=list(workers.known),
    )
