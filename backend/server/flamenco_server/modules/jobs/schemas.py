"""What people send about jobs and get back. The client's payloads are held to `JobSubmission` by a contract test."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from flamenco_common.states import JobState

from flamenco_server.helpers.paging import BigId, PageQuery
from flamenco_server.helpers.patterns import BLENDER_OR_EMPTY, SHA256_OR_EMPTY

Priority = Annotated[int, msgspec.Meta(ge=0, le=1000)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=300)]
Workers = Annotated[int, msgspec.Meta(ge=0, le=100_000)]  # 0: any number
PresetName = Annotated[str, msgspec.Meta(max_length=100)]
Sha256 = Annotated[str, msgspec.Meta(pattern=SHA256_OR_EMPTY)]
WantedBlender = Annotated[str, msgspec.Meta(pattern=BLENDER_OR_EMPTY)]


class SubmittedFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of a job: its path below the job's root; the hash may be empty with shared storage."""

    path: Annotated[str, msgspec.Meta(max_length=1000)]
    sha256: Sha256 = ""
    size: BigId = 0


class JobSubmission(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A job as it is submitted."""

    name: Name
    type: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    client_token: Annotated[str, msgspec.Meta(max_length=200)] = ""
    project: str = ""
    settings: dict[str, Any] = {}
    scene: dict[str, Any] = {}
    blend: str = ""
    files: list[SubmittedFile] = []
    priority: Priority = 50
    blender: WantedBlender = ""
    storage: Literal["uploaded", "shared"] = "uploaded"
    job_root: str = ""
    output_root: str = ""
    paused: bool = False
    max_workers: Workers = 0
    tags: list[str] = []
    preset: PresetName = ""
    overrides: dict[str, Any] = {}
    allow_missing: bool = False
    comment: str = ""


class JobChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What may be changed of a job; `settings`, `preset`, `overrides` and `tags` only before its tasks ran."""

    name: Name | None = None
    comment: str | None = None
    priority: Priority | None = None
    max_workers: Workers | None = None
    archived: bool | None = None
    settings: dict[str, Any] | None = None
    preset: PresetName | None = None
    overrides: dict[str, Any] | None = None
    tags: list[str] | None = None


class Requeue(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which tasks to do again: these, those of these frames, the failed ones, or (nothing given) all."""

    tasks: list[BigId] = []
    frames: str = ""
    failed: bool = False


class JobQuery(PageQuery, frozen=True, kw_only=True):
    """Filters of the list of jobs."""

    state: str = ""  # one, or several with commas
    type: str = ""
    project: str = ""
    owner: str = ""
    name: str = ""  # a part of it
    tag: str = ""  # that its workers must have
    archived: bool | None = None
    ids: str = ""  # these, with commas; at most 1000


class Counts(msgspec.Struct, frozen=True):
    """Tasks by status."""

    waiting: int
    queued: int
    processing: int
    completed: int
    failed: int
    canceled: int


class JobSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A job in a list."""

    id: int
    name: str
    type: str
    project: str
    owner: str
    priority: int
    state: JobState
    archived: bool
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    counts: Counts
    total: int
    progress: float  # 0 to 1
    thumbnail: str  # SHA-256 of the newest frame's small JPEG, or empty
    max_workers: int
    comment: str
    tags: list[str]
    eta_seconds: float | None  # from measured times and the workers on it; null: nothing runs, or nothing was measured
    mean_seconds: float | None  # of a completed task


class FailureReason(msgspec.Struct, frozen=True):
    """Why runs failed: how many for this reason, of how many tasks, on how many workers."""

    reason: str
    count: int
    tasks: int
    workers: int


class Job(JobSummary, frozen=True, kw_only=True):
    """A job in whole."""

    settings: dict[str, Any]
    scene: dict[str, Any]
    preset: str
    overrides: dict[str, Any]
    blend: str
    blender: str
    storage: str
    job_root: str
    output_root: str
    allow_missing: bool
    client_token: str
    workers: int  # that work on it now
    waiting_because: str  # why nothing of it runs, as one sentence; empty if something does or it is finished
    failures: list[FailureReason]


class StepAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A step of a job."""

    id: int
    position: int
    name: str
    after: list[str]
    counts: Counts
    total: int
    progress: float
    requirements: dict[str, Any]
    template: list[dict[str, Any]]
    timeout_seconds: int
    retries: int
    mean_seconds: float | None  # of a completed task


class Grid(msgspec.Struct, frozen=True, kw_only=True):
    """All tasks of a job as columns; `step` and `worker` are places in `steps` and `workers`, -1: no worker yet."""

    steps: list[str]
    workers: list[str]
    task: list[int]
    step: list[int]
    label: list[str]  # the task's frames, or what else tells it from others
    status: str  # a letter a task: waiting, queued, processing, completed, failed, x for canceled
    worker: list[int]


class Times(msgspec.Struct, frozen=True, kw_only=True):
    """How long a job's completed runs took, newest first, as columns; `worker` is a place in `workers`."""

    workers: list[str]
    task: list[int]
    seconds: list[float]
    memory_mb: list[int]
    worker: list[int]


class JobFileQuery(PageQuery, frozen=True, kw_only=True):
    """Filters of the list of a job's files."""

    path: str = ""  # a part of it


class JobFileAnswer(msgspec.Struct, frozen=True):
    """A file that came with the job."""

    path: str
    sha256: str
    size: int


class SettingAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A declared setting of a job type, for a form."""

    name: str
    type: str  # int, float, str, bool, frames or list
    label: str
    help: str
    default: Any
    required: bool
    source: str | None
    minimum: float | None
    maximum: float | None
    choices: list[str]
    hidden: bool


class JobType(msgspec.Struct, frozen=True):
    """A job compiler; `error` says why it cannot be used, and is empty if it can."""

    name: str
    help: str
    error: str
    settings: list[SettingAnswer]


class JobTypes(msgspec.Struct, frozen=True):
    """All job compilers."""

    items: list[JobType]
    next: str | None = None
