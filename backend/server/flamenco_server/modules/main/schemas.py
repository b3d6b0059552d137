"""Answers of the module main."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec


class Health(msgspec.Struct, frozen=True):
    """That the server and its database answer; `api` grows when something of the API changes its meaning."""

    status: str
    version: str
    database: str
    api: int


class Me(msgspec.Struct, frozen=True, kw_only=True):
    """Who the token belongs to, and what they may do; of a manager nothing but the first lines count."""

    kind: str
    id: int
    name: str
    role: str | None
    version: str  # of the server
    api: int
    may: list[Literal["see", "submit", "change_all_jobs", "administer"]] = []
    has_password: bool = False
    token_id: int = 0
    token_label: str = ""
    token_expires_at: datetime | None = None
    dashboard_url: str = ""  # as people reach it; empty: the server was not told
