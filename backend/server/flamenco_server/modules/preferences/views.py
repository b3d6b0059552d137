"""Preferences over HTTP."""

from __future__ import annotations

from flamenco_server.context import core, principal
from flamenco_server.endpoints import Endpoints
from flamenco_server.modules.auth.principal import Role
from flamenco_server.modules.preferences import service
from flamenco_server.modules.preferences.schemas import (
    MySetting,
    MySettingChange,
    MySettingList,
    SubmissionPresetChange,
    SubmissionPresetList,
    SubmissionPresetView,
)

endpoint = Endpoints("preferences")


@endpoint("GET", "/me/settings", answer=MySettingList, role=Role.VIEWER)
def list_my_settings() -> MySettingList:
    """List your own settings, which programs such as the dashboard keep for you."""
    with core().database.reading() as session:
        return MySettingList(service.my_settings(session, principal().id))


@endpoint("GET", "/me/settings/<name>", answer=MySetting, role=Role.VIEWER, statuses=(404,))
def get_my_setting(name: str) -> MySetting:
    """Show one of your own settings."""
    with core().database.reading() as session:
        return service.my_setting(session, principal().id, name)


@endpoint("PUT", "/me/settings/<name>", body=MySettingChange, answer=MySetting, role=Role.VIEWER)
def put_my_setting(name: str, body: MySettingChange) -> MySetting:
    """Keep any JSON up to 64 kB under a name, for you alone; null takes it away."""
    user, now = principal().id, core().clock()
    return core().database.write(lambda session: service.put_my_setting(session, user, name, body.value, now))


@endpoint("GET", "/submission-presets", answer=SubmissionPresetList, role=Role.VIEWER)
def list_submission_presets() -> SubmissionPresetList:
    """List the presets for submitting that all share."""
    with core().database.reading() as session:
        return SubmissionPresetList(service.presets(session))


@endpoint(
    "PUT", "/submission-presets/<name>", body=SubmissionPresetChange, answer=SubmissionPresetView, role=Role.ARTIST
)  # fmt: skip
def put_submission_preset(name: str, body: SubmissionPresetChange) -> SubmissionPresetView:
    """Make a preset, or change one: artists their own, supervisors all."""
    who, now = principal(), core().clock()
    return core().database.write(lambda session: service.put_preset(session, name, body, who, now))


@endpoint("DELETE", "/submission-presets/<name>", status=204, role=Role.ARTIST, statuses=(404,))
def delete_submission_preset(name: str) -> None:
    """Take a preset away: artists their own, supervisors all."""
    who = principal()
    core().database.write(lambda session: service.delete_preset(session, name, who))
