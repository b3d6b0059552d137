"""The farm as people and programs see it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec

AlertKind = Literal[
    "no workers", "stuck job", "long run", "silent worker", "silent manager", "failing worker", "disk low"
]


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """Something that somebody should look at: one sentence, and which things it is about."""

    kind: AlertKind
    text: str
    about: Literal["farm", "job", "run", "worker", "manager"]
    ids: list[str] = []  # at most 100
    since: datetime | None = None


class WorkerStates(msgspec.Struct, frozen=True, kw_only=True):
    """How many workers are in each state; `disabled` ones are in no other, `busy` ones are awake too."""

    awake: int
    asleep: int
    offline: int
    error: int
    disabled: int
    busy: int


class JobStates(msgspec.Struct, frozen=True, kw_only=True):
    """How many jobs are in each state that still matters; archived ones do not count."""

    queued: int
    processing: int
    paused: int
    failed: int  # that are not archived


class TaskStates(msgspec.Struct, frozen=True, kw_only=True):
    """Tasks of queued and processing jobs that are not finished."""

    waiting: int
    queued: int
    processing: int


class Lately(msgspec.Struct, frozen=True, kw_only=True):
    """What the farm did in the last hour."""

    frames: int
    completed: int
    failed: int
    lost: int
    busy_share: float | None  # of the time of the workers that there were; null: there were none


class QueueEnd(msgspec.Struct, frozen=True, kw_only=True):
    """When the queue will be empty, from measured times; null while nothing was measured or nobody works.

    `unmeasured_tasks` are left out: of jobs of which, and of whose type, nothing was measured yet.
    """

    seconds: float | None
    work_seconds: float  # for one worker
    unmeasured_tasks: int


class Storage(msgspec.Struct, frozen=True, kw_only=True):
    """What the farm's files take, and what is free where they lie; null: that is not a disk of the server."""

    files: int
    files_bytes: int
    disk_bytes: int | None
    disk_free_bytes: int | None
    place: str


class CleanUp(msgspec.Struct, frozen=True, kw_only=True):
    """What the last clean-up took away, and whether one goes on."""

    running_since: datetime | None
    last_at: datetime | None
    files: int
    bytes: int


class StorageAnswer(Storage, frozen=True, kw_only=True):
    """The same, with the last clean-up."""

    clean_up: CleanUp


class Farm(msgspec.Struct, frozen=True, kw_only=True):
    """What goes on now; a few seconds old at most."""

    at: datetime
    workers: WorkerStates
    jobs: JobStates
    tasks: TaskStates
    last_hour: Lately
    queue: QueueEnd
    storage: Storage
    alerts: list[Alert]


class HistoryQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How far back, and how long a slot is; 0: so that there are some 300 of them at most."""

    hours: Annotated[float, msgspec.Meta(gt=0, le=744)] = 24.0
    slot_minutes: Annotated[int, msgspec.Meta(ge=0, le=1440)] = 0


class WorkerHistoryQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How far back."""

    hours: Annotated[float, msgspec.Meta(gt=0, le=2200)] = 168.0


class History(msgspec.Struct, frozen=True, kw_only=True):
    """What was done, as columns, oldest first; the last slot is not over yet.

    `workers` is how many could take work (null where nobody said), `busy_seconds` how long they worked together.
    """

    slot_seconds: int
    at: list[datetime]  # when a slot begins
    workers: list[int | None]
    busy_seconds: list[float]
    completed: list[int]
    failed: list[int]
    lost: list[int]
    frames: list[int]
