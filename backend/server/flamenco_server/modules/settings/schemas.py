"""Settings and presets as the API shows them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec


class Preset(msgspec.Struct, frozen=True):
    """A render-settings preset; a broken one has `error` and no overrides."""

    name: str
    label: str = ""
    help: str = ""
    overrides: dict[str, Any] = {}
    error: str = ""
    editable: bool = False  # it is kept in the database, not in a file


class PresetChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a preset is to be."""

    overrides: dict[str, Any]
    label: Annotated[str, msgspec.Meta(max_length=200)] = ""
    help: Annotated[str, msgspec.Meta(max_length=2000)] = ""


class PresetList(msgspec.Struct, frozen=True):
    """All presets; always one page."""

    items: list[Preset]
    next: str | None = None


class SettingView(msgspec.Struct, frozen=True):
    """A setting; never changed: no `changed_at`."""

    name: str
    value: Any
    help: str = ""
    changed_at: datetime | None = None
    changed_by: str = ""


class SettingList(msgspec.Struct, frozen=True):
    """All settings; always one page."""

    items: list[SettingView]
    next: str | None = None


class SettingChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A new value; null brings the default back."""

    value: Any
