"""Settings and presets over HTTP."""

from __future__ import annotations

from typing import cast

from flask import Flask, current_app

from flamenco_server.context import Core, core, principal
from flamenco_server.endpoints import Endpoints
from flamenco_server.modules.auth.principal import Role
from flamenco_server.modules.settings import service
from flamenco_server.modules.settings.presets import Presets, build_presets
from flamenco_server.modules.settings.schemas import PresetList, SettingChange, SettingList, SettingView

endpoint = Endpoints("settings")


def setup(app: Flask, core: Core) -> None:
    """Build the module's collaborators."""
    app.extensions["flamenco.settings"] = build_presets(core.config)


@endpoint("GET", "/render-settings", answer=PresetList, role=Role.VIEWER)
def list_presets() -> PresetList:
    """List the render-settings presets; broken ones with their error."""
    return PresetList(cast(Presets, current_app.extensions["flamenco.settings"]).list())


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
