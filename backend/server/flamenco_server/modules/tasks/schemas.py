"""Tasks, runs and outputs as people get them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from flamenco_common.documents import FrameTiming
from flamenco_common.states import RunStatus, TaskStatus

from flamenco_server.helpers.paging import BigId, Id, PageQuery


class TaskQuery(PageQuery, frozen=True, kw_only=True):
    """Filters of a list of tasks."""

    status: str = ""  # one, or several with commas
    job: Id | None = None
    step: str = ""
    worker: str = ""


class TaskAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A task; `run` owns it or was the last one that did."""

    id: int
    job: int
    step: str
    status: TaskStatus
    params: dict[str, Any]
    worker: str | None
    run: str | None
    attempts: int
    failures: int
    losses: int
    reason: str
    progress: float | None
    activity: str
    finished_at: datetime | None


class RunQuery(PageQuery, frozen=True, kw_only=True):
    """Filters of a list of runs."""

    status: str = ""
    job: Id | None = None
    task: BigId | None = None
    worker: str = ""


class RunSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A run in a list."""

    id: str
    task: int
    job: int
    step: str
    worker: str
    manager: int
    status: RunStatus
    attempt: int
    progress: float | None
    activity: str
    reason: str
    peak_memory_mb: int
    started_at: datetime
    updated_at: datetime
    finished_at: datetime | None


class RunAnswer(RunSummary, frozen=True, kw_only=True):
    """A run in whole: what it ran exactly, its frames' times, and the last lines of its log."""

    commands: list[dict[str, Any]]
    timings: list[FrameTiming]
    log_tail: str


class OutputQuery(PageQuery, frozen=True, kw_only=True):
    """Filters of a list of outputs."""

    kind: str = ""
    step: str = ""
    frame: Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)] | None = None
    task: BigId | None = None
    run: str = ""
    worker: str = ""
    ids: str = ""  # these, with commas; at most 1000


class OutputAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A file that a job made."""

    id: int
    job: int
    step: str
    task: int
    run: str
    root: str
    path: str
    sha256: str
    size: int
    kind: str
    frame: int | None
    width: int
    height: int
    layer: str
    thumbnail: str
    created_at: datetime
