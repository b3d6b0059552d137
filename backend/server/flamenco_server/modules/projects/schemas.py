"""Projects as people send and get them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]


class NewProject(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A project to be made."""

    name: Name
    description: str = ""
    allow_scripts: bool = False


class ProjectChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What may be changed of a project."""

    name: Name | None = None
    description: str | None = None
    allow_scripts: bool | None = None
    archived: bool | None = None  # it takes no more jobs, and is listed only where archived ones are asked for


class ProjectAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A project."""

    id: int
    name: str
    description: str
    allow_scripts: bool
    archived: bool
    created_at: datetime
