"""Answers of the module log."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from flamenco_server.helpers.paging import PageQuery


class RunLog(msgspec.Struct, frozen=True):
    """A piece of a run's log from byte `offset` on; read on from `next` until `finished`.

    `size` is how long the log is so far, as the manager said last. Not `available`: the manager has been asked, try
    again in a second. `finished`: this piece ends the log of a run that is over.
    """

    run_id: str
    offset: int
    text: str
    size: int
    next: int
    finished: bool
    available: bool


class MachineLog(msgspec.Struct, frozen=True):
    """A piece of what a worker or a manager logs of itself, from byte `offset` on; it never ends, read on from `next`.

    `start` is the first byte that is kept, so a piece may begin later than where it was asked for. `size` is the byte
    after the last. Not `available`: the manager has been asked, try again in a second.
    """

    offset: int
    text: str
    size: int
    next: int
    start: int
    available: bool


class OperationView(msgspec.Struct, frozen=True):
    """One line of the operation log."""

    id: int
    at: datetime
    actor: str
    action: str
    kind: str
    object_id: str
    detail: str


class OperationQuery(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Filters of the operation log; `since` and `until` are ISO 8601 times."""

    actor: str = ""
    action: str = ""
    kind: str = ""
    object_id: str = ""
    since: datetime | None = None
    until: datetime | None = None


class LogQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From which byte on."""

    offset: Annotated[int, msgspec.Meta(le=2**62)] = 0


class Ticket(msgspec.Struct, frozen=True):
    """A short-lived key to the event stream, for clients that cannot send headers; and where the stream is."""

    ticket: str
    expires_at: datetime
    url: str
