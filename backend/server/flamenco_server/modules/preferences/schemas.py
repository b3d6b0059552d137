"""Preferences as programs send and get them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec


class MySetting(msgspec.Struct, frozen=True):
    """A setting of one's own."""

    name: str
    value: Any
    changed_at: datetime


class MySettingList(msgspec.Struct, frozen=True):
    """All of one's own; always one page."""

    items: list[MySetting]
    next: str | None = None


class MySettingChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A value; null takes the setting away."""

    value: Any


class SubmissionPresetView(msgspec.Struct, frozen=True):
    """A preset that all share."""

    name: str
    label: str
    job_type: str
    values: dict[str, Any]
    owner: str
    changed_at: datetime


class SubmissionPresetList(msgspec.Struct, frozen=True):
    """All presets; always one page."""

    items: list[SubmissionPresetView]
    next: str | None = None


class SubmissionPresetChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a preset is to be; an empty label shows its name."""

    job_type: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    values: dict[str, Any]
    label: Annotated[str, msgspec.Meta(max_length=200)] = ""
