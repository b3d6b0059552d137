"""Tokens with which workers join, as people make them and managers ask about them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from flamenco_server.helpers.paging import Id


class NewEnrolment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many workers may join with it, for how long, and at which manager (null: any)."""

    manager: Id | None = None
    workers: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 1
    hours: Annotated[float, msgspec.Meta(gt=0, le=720)] = 24.0
    label: Annotated[str, msgspec.Meta(max_length=200)] = ""


class EnrolmentAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A token with which workers join, without its secret."""

    id: int
    label: str
    manager: int | None
    workers_left: int
    created_at: datetime
    created_by: str
    expires_at: datetime


class MadeEnrolment(EnrolmentAnswer, frozen=True, kw_only=True):
    """The same, just made: this is the only time that the token is told, and the line to paste on a new node.

    `manager_url` is where workers reach the manager, as it said itself; empty if several could be meant or none said.
    """

    token: str
    manager_url: str
    command: str


class EnrolmentUseRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The token that a worker showed, and who it is."""

    token: Annotated[str, msgspec.Meta(max_length=200)]
    identity: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
