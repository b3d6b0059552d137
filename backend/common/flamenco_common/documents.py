"""The documents that travel between worker, manager and server (see docs/protocol.md)."""

from __future__ import annotations

from typing import Any

import msgspec

from flamenco_common.abilities import Abilities, Requirements
from flamenco_common.commands import Command
from flamenco_common.states import RunStatus, WorkerState

# ---- worker <-> manager: the handshake ----


MANAGER_ADDRESS = "Flamenco-Manager-Address"
"""Header of a manager's `GET /me`: where its workers reach it."""


class Registration(msgspec.Struct, frozen=True):
    """First handshake: who a worker is. `identity` is made once by the worker and kept."""

    identity: str
    name: str
    abilities: Abilities


class Registered(msgspec.Struct, frozen=True):
    """The worker's id on the farm, and its own token; the manager keeps only the token's hash."""

    worker_id: str
    token: str


class WorkerOrders(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a worker is to be; it rides down on every answer."""

    state: str = "run"  # run, sleep, restart, shutdown
    when: str = "after"  # "after" the current task, or "now"
    enabled: bool = True
    wait: float = 1.0  # seconds until it should ask again when there is nothing to do
    log_wanted: list[str] = []  # run ids whose whole log somebody is reading now
    own_log: bool = False  # somebody reads what the worker says of itself


class OwnLog(msgspec.Struct, frozen=True):
    """What a worker says of itself, from byte `offset` of `size` on (see `journal`); no text asks what is wanted."""

    offset: int
    text: str
    size: int


class OwnLogTaken(msgspec.Struct, frozen=True):
    """The manager wants the bytes from `next` on."""

    next: int


# ---- server -> manager -> worker: work ----


class TaskDocument(msgspec.Struct, frozen=True, omit_defaults=True):
    """A claimed task as the server gives it to a manager: the step's template and the task's parameters."""

    task_id: int
    run_id: str
    job_id: int
    step: str
    job_name: str
    job_type: str
    template: list[dict[str, Any]]
    params: dict[str, Any]
    requirements: Requirements
    lease_seconds: int
    timeout_seconds: int = 0  # 0: none
    storage: str = "uploaded"  # or "shared"
    job_root: str = ""  # shared only: folder of the job's files as submitted
    output_root: str = ""  # shared only
    attempt: int = 1


class Assignment(msgspec.Struct, frozen=True, omit_defaults=True):
    """A task made concrete for one worker."""

    task_id: int
    run_id: str
    job_id: int
    step: str
    job_name: str
    job_type: str
    commands: list[Command]
    job_root: str  # folder of the job's files on this worker
    output_root: str  # folder that this job's outputs go to on this worker
    storage: str = "uploaded"
    timeout_seconds: int = 0
    attempt: int = 1


class TaskFile(msgspec.Struct, frozen=True, omit_defaults=True):
    """A file that a task needs: an input of the job, or an output of an earlier step."""

    path: str  # relative, with /, below `root`
    sha256: str  # empty with shared storage
    size: int
    root: str = "job"  # "job" or "output"
    step: str = ""  # which step made it; empty: the artist
    frame: int | None = None


class TaskFiles(msgspec.Struct, frozen=True):
    """The manifest of a task."""

    files: list[TaskFile]


class HashList(msgspec.Struct, frozen=True):
    """Hashes that are asked for, or that are missing."""

    sha256: list[str]


# ---- worker -> manager -> server: reports ----


class OutputFile(msgspec.Struct, frozen=True, omit_defaults=True):
    """A file that a run made, checked and in place (shared storage) or sent up by hash."""

    path: str  # relative, with /, below `root`
    sha256: str
    size: int
    kind: str = "frame"  # frame, tile, samples, image, video, audio, cache, blend, file
    root: str = "output"
    frame: int | None = None
    width: int = 0
    height: int = 0
    layer: str = ""
    thumbnail: str = ""  # SHA-256 of a small JPEG


class FrameTiming(msgspec.Struct, frozen=True):
    """Seconds that a frame took in all, and inside the renderer; peak memory in MB while it rendered."""

    frame: int
    total: float
    render: float
    memory_mb: int = 0


class RunUpdate(msgspec.Struct, frozen=True, omit_defaults=True):
    """One report on a run. `seq` grows by one with each update of a run; a repeated one changes nothing."""

    run_id: str
    task_id: int
    seq: int
    status: RunStatus | None = None  # None: still processing
    reason: str = ""  # why it failed: the telling line of the log
    progress: float | None = None  # 0 to 1
    activity: str = ""  # what it does now, for people
    log: str = ""  # log text since the last update
    log_tail: str = ""  # manager -> server only: the log's last lines
    outputs: list[OutputFile] = []
    timings: list[FrameTiming] = []
    peak_memory_mb: int = 0
    at: float = 0.0  # seconds since 1970, by the worker's clock
    commands: list[dict[str, Any]] = []  # manager -> server, with a run's first update: what it runs exactly


class UpdateResult(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of one update: accepted; refused (the run lost its task: drop the work); or files are missing."""

    run_id: str
    seq: int
    accepted: bool
    error: str = ""
    missing: list[str] = []  # hashes named as outputs that the farm does not have


class UpdateAnswer(msgspec.Struct, frozen=True):
    """A manager's answer to a worker's updates."""

    results: list[UpdateResult]
    orders: WorkerOrders


WORKER_LOG, MANAGER_LOG = "worker.", "manager."
"""How the name of a worker's or a manager's own log begins, before its id; the name of a run's log is the run's id."""


class LogChunk(msgspec.Struct, frozen=True):
    """A piece of a log that somebody is reading, `run_id` its name: `offset` in bytes; `size` of the log so far."""

    run_id: str
    offset: int
    text: str
    size: int
    finished: bool = False


# ---- manager <-> server ----


class WorkerReport(msgspec.Struct, frozen=True, omit_defaults=True):
    """A manager's word on one of its workers."""

    worker_id: str
    name: str
    state: WorkerState
    abilities: Abilities
    tags: list[str] = []
    enabled: bool = True
    reason: str = ""
    done: str = ""  # restart or shutdown, if that was the last wish and is done


class WorkerWish(msgspec.Struct, frozen=True, omit_defaults=True):
    """What people asked of a worker on the server; `revision` grows with each wish on the farm."""

    worker_id: str
    revision: int
    enabled: bool = True
    state: str = "run"
    when: str = "after"
    tags: list[str] = []
    schedule: str = ""  # sleep schedule, see `schedule`


class LogWish(msgspec.Struct, frozen=True):
    """Somebody reads the log of that name; the server has it up to `offset`."""

    run_id: str
    offset: int


class ManagerOrders(msgspec.Struct, frozen=True, omit_defaults=True):
    """What rides down on every answer to a manager: wishes newer than the revision it named, and log wishes."""

    revision: int = 0
    workers: list[WorkerWish] = []
    logs: list[LogWish] = []


class ClaimAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    """Answer to `GET /scheduler/tasks`: a task by waiting worker; workers without one are absent."""

    tasks: dict[str, TaskDocument] = {}
    orders: ManagerOrders = ManagerOrders()


class ManagerReport(msgspec.Struct, frozen=True, omit_defaults=True):
    """Body of `PATCH /tasks`: all that a manager has to say. `alive` are runs whose lease is to be kept."""

    updates: list[RunUpdate] = []
    workers: list[WorkerReport] = []
    logs: list[LogChunk] = []
    alive: list[str] = []
    revision: int = 0


class ReportAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    """Answer to a `ManagerReport`: results in the order of its updates; `lost` are `alive` runs that lost their task."""

    results: list[UpdateResult] = []
    lost: list[str] = []
    orders: ManagerOrders = ManagerOrders()
