"""Answers of the module main."""

from __future__ import annotations

import msgspec


class Health(msgspec.Struct, frozen=True):
    """That the server and its database answer."""

    status: str
    version: str
    database: str


class Me(msgspec.Struct, frozen=True):
    """Who the token belongs to."""

    kind: str
    id: int
    name: str
    role: str | None
