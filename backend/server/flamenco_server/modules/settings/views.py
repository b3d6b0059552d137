"""Settings and presets over HTTP."""

from __future__ import annotations

import re
from typing import cast

import msgspec
from flask import Flask, current_app

from flamenco_server.context import Core, core, principal
from flamenco_server.endpoints import Endpoints
from flamenco_server.errors import Conflict, Invalid, NotFound
from flamenco_server.modules.auth.principal import Role
from flamenco_server.modules.settings import service
from flamenco_server.modules.settings.presets import STORED, BadPreset, Presets, build_presets, check_override
from flamenco_server.modules.settings.schemas import (
    Preset,
    PresetChange,
    PresetList,
    SettingChange,
    SettingList,
    SettingView,
)

endpoint = Endpoints("settings")
_PRESET = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")


def setup(app: Flask, core: Core) -> None:
    """Build the module's collaborators."""
    app.extensions["flamenco.settings"] = build_presets(core.config, core.database)


def presets() -> Presets:
    """The presets of the app that handles this request."""
    return cast(Presets, current_app.extensions["flamenco.settings"])


@endpoint("GET", "/render-settings", answer=PresetList, role=Role.VIEWER)
def list_presets() -> PresetList:
    """List the render-settings presets; broken ones with their error."""
    return PresetList(presets().list())


@endpoint("PUT", "/render-settings/<name>", body=PresetChange, answer=Preset, role=Role.SUPERVISOR)
def put_preset(name: str, body: PresetChange) -> Preset:
    """Make a preset, or change one; it wins over a file of that name."""
    if not _PRESET.fullmatch(name):
        raise Invalid(f"{name[:100]!r} is no name for a preset: use small letters, digits and _ -", "name")
    for override, value in body.overrides.items():
        try:
            check_override(override, value)
        except BadPreset as error:
            raise Invalid(str(error), f"overrides.{override}") from error
    actor, now, kept = principal().name, core().clock(), msgspec.to_builtins(body)
    core().database.write(lambda session: service.put(session, STORED + name, kept, actor, now))
    return next(each for each in presets().list() if each.name == name)


@endpoint("DELETE", "/render-settings/<name>", status=204, role=Role.SUPERVISOR, statuses=(404, 409))
def delete_preset(name: str) -> None:
    """Take a preset away; a file of that name counts again."""
    found = next((each for each in presets().list() if each.name == name), None)
    if found is None:
        raise NotFound(f"there is no preset {name!r}")
    if not found.editable:
        raise Conflict(f"the preset {name!r} is a file on the server: it is changed and deleted there")
    actor, now = principal().name, core().clock()
    core().database.write(lambda session: service.put(session, STORED + name, None, actor, now))


@endpoint("GET", "/settings", answer=SettingList, role=Role.VIEWER, manager=True)
def list_settings() -> SettingList:
    """List the farm's settings."""
    with core().database.reading() as session:
        return SettingList(service.all_settings(session))


@endpoint("GET", "/settings/<name>", answer=SettingView, role=Role.VIEWER, manager=True, statuses=(404,))
def get_setting(name: str) -> SettingView:
    """Show one setting."""
    with core().database.reading() as session:
        return service.get(session, name)


@endpoint("PUT", "/settings/<name>", body=SettingChange, answer=SettingView, role=Role.ADMIN)
def put_setting(name: str, body: SettingChange) -> SettingView:
    """Change a setting; the operation log keeps what it was."""
    actor, now = principal().name, core().clock()
    return core().database.write(lambda session: service.put(session, name, body.value, actor, now))
