"""What is to be done to many, and what became of it."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from flamenco_server.helpers.paging import Id
from flamenco_server.modules.jobs.schemas import Priority
from flamenco_server.modules.managers.schemas import WorkerOrder

JobIds = Annotated[list[Id], msgspec.Meta(min_length=1, max_length=500)]
WorkerIds = Annotated[list[Annotated[str, msgspec.Meta(max_length=64)]], msgspec.Meta(min_length=1, max_length=1000)]


class JobsAction(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to do with each of these jobs; `priority` says which for the action of that name."""

    ids: JobIds
    action: Literal[
        "pause", "resume", "cancel", "requeue", "requeue_failed", "priority", "archive", "unarchive", "delete"
    ]
    priority: Priority | None = None


class WorkersOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What somebody wants of each of these workers; what is not given stays."""

    ids: WorkerIds
    order: WorkerOrder


class Refused(msgspec.Struct, frozen=True):
    """One for which it could not be done, and why."""

    id: int | str
    detail: str


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """For which it was done, and for which not."""

    done: list[int | str]
    refused: list[Refused]


class JobChoice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Some jobs."""

    ids: JobIds


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """What some jobs are together, before somebody deletes them.

    Their files go only if no other job needs the same ones, so `bytes` is the most that is freed.
    """

    jobs: int
    not_allowed: int  # of them, that one may not change
    tasks: int
    unfinished_tasks: int
    outputs: int
    files: int
    bytes: int
