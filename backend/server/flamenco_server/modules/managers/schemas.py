"""Managers and workers as people send and get them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from flamenco_common.states import WorkerState

from flamenco_server.helpers.paging import Id, PageQuery

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]


class NewManager(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A manager to be made."""

    name: Name


class ManagerChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What may be changed of a manager."""

    name: Name | None = None
    enabled: bool | None = None


class ManagerAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A manager."""

    id: int
    name: str
    enabled: bool
    created_at: datetime
    last_seen_at: datetime | None
    workers: int
    address: str  # where its workers reach it, as it said itself; empty: it did not


class MadeManager(ManagerAnswer, frozen=True, kw_only=True):
    """A manager that was just made; this is the only time that its token is told."""

    token: str


class ManagerQuery(PageQuery, frozen=True, kw_only=True):
    """Filters of the list of managers."""

    name: str = ""  # a part of it
    enabled: bool | None = None


class WorkerQuery(PageQuery, frozen=True, kw_only=True):
    """Filters of the list of workers."""

    state: str = ""
    manager: Id | None = None
    name: str = ""
    tag: str = ""
    enabled: bool | None = None
    job: Id | None = None  # those that work on it now


class WorkNow(msgspec.Struct, frozen=True, kw_only=True):
    """A task that a worker holds: what it is about, and how far it is."""

    task: int
    run: str
    job: int
    job_name: str
    step: str
    label: str  # the task's frames, or what else tells it from others
    progress: float | None
    activity: str
    since: datetime


class WorkDone(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker did in the last 24 hours; what goes on is not in it."""

    busy_seconds: float
    completed: int
    failed: int
    lost: int
    frames: int


class WorkerAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A worker, and what it does now."""

    id: str
    name: str
    manager: int
    state: WorkerState
    enabled: bool
    reason: str
    abilities: dict[str, Any]
    tags: list[str]
    created_at: datetime
    last_seen_at: datetime
    tasks: list[int]  # that it holds
    current: list[WorkNow]  # the same, with what they are
    last_day: WorkDone
    orders: WorkerOrder | None


class WorkerOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What somebody wants of a worker; what is not given stays."""

    enabled: bool | None = None
    state: Literal["run", "sleep", "restart", "shutdown"] | None = None
    when: Literal["after", "now"] | None = None
    tags: list[str] | None = None
    schedule: str | None = None
