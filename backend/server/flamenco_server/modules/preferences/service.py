"""Keep what people like, within bounds."""

from __future__ import annotations

import re
from typing import Any

import msgspec
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from flamenco_server.errors import Invalid, NotAllowed, NotFound
from flamenco_server.helpers.moments import moment_of
from flamenco_server.helpers.upserts import upsert
from flamenco_server.modules.auth.principal import Principal, Role
from flamenco_server.modules.log.service import record
from flamenco_server.modules.preferences.models import SubmissionPreset, UserSetting
from flamenco_server.modules.preferences.schemas import (
    MySetting,
    SubmissionPresetChange,
    SubmissionPresetView,
)  # fmt: skip

MOST_SETTINGS = 100  # of one user
MOST_PRESETS = 1000
_MOST_BYTES = 64 * 1024
_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,99}")


def my_settings(session: Session, user_id: int) -> list[MySetting]:
    """A user's own settings, by name."""
    found = select(UserSetting).where(UserSetting.user_id == user_id).order_by(UserSetting.name)
    return [_setting(row) for row in session.scalars(found)]


def my_setting(session: Session, user_id: int, name: str) -> MySetting:
    """One of a user's own settings. Raises `NotFound`."""
    row = session.get(UserSetting, (user_id, _checked(name)))
    if row is None:
        raise NotFound(f"you have no setting {name!r}")
    return _setting(row)


def put_my_setting(session: Session, user_id: int, name: str, value: Any, now: float) -> MySetting:
    """Keep a value; None takes the setting away. Raises `Invalid`."""
    _checked(name)
    _check_size(value, "value")
    if value is None:
        session.execute(delete(UserSetting).where(UserSetting.user_id == user_id, UserSetting.name == name))
        return MySetting(name, None, moment_of(now))
    # Bounded, and read through the key.
    names = select(UserSetting.name).where(UserSetting.user_id == user_id).limit(MOST_SETTINGS + 1)
    known = set(session.scalars(names))
    if name not in known and len(known) >= MOST_SETTINGS:
        raise Invalid(f"you have {MOST_SETTINGS} settings already: take one away first", "name")
    values = {"value": value, "changed_at": now}
    kept = upsert(session, UserSetting).values(user_id=user_id, name=name, **values)
    session.execute(kept.on_conflict_do_update(index_elements=[UserSetting.user_id, UserSetting.name], set_=values))
    return MySetting(name, value, moment_of(now))


def presets(session: Session) -> list[SubmissionPresetView]:
    """All presets, by name."""
    found = select(SubmissionPreset).order_by(SubmissionPreset.name).limit(MOST_PRESETS)
    return [_preset(row) for row in session.scalars(found)]


def put_preset(
    session: Session, name: str, change: SubmissionPresetChange, who: Principal, now: float
) -> SubmissionPresetView:
    """Make or change a preset. Raises `Invalid`, or `NotAllowed` for that of somebody else."""
    _checked(name)
    _check_size(change.values, "values")
    row = session.get(SubmissionPreset, name)
    if row is None:
        _check_room(session)
        row = SubmissionPreset(name=name, owner=who.name)
        session.add(row)
    else:
        _check_owner(row, who)
    row.label, row.job_type, row.values, row.changed_at = change.label, change.job_type, change.values, now
    session.flush()
    record(session, who.name, "change", "submission-preset", name)
    return _preset(row)


def delete_preset(session: Session, name: str, who: Principal) -> None:
    """Take a preset away. Raises `NotFound`, or `NotAllowed` for that of somebody else."""
    row = session.get(SubmissionPreset, _checked(name))
    if row is None:
        raise NotFound(f"there is no submission preset {name!r}")
    _check_owner(row, who)
    session.delete(row)
    record(session, who.name, "delete", "submission-preset", name)


def _check_owner(row: SubmissionPreset, who: Principal) -> None:
    if row.owner != who.name and not who.has(Role.SUPERVISOR):
        raise NotAllowed(f"the preset {row.name!r} is {row.owner}'s: only they and supervisors change it")


def _check_room(session: Session) -> None:
    last = select(SubmissionPreset.name).order_by(SubmissionPreset.name).offset(MOST_PRESETS - 1).limit(1)
    if session.scalar(last) is not None:
        raise Invalid(f"there are {MOST_PRESETS} presets already: delete one first", "name")


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise Invalid(f"{name[:100]!r} is no name for this: use small letters, digits and _ . -", "name")
    return name


def _check_size(value: Any, field: str) -> None:
    if len(msgspec.json.encode(value)) > _MOST_BYTES:
        raise Invalid(f"{field} has more than {_MOST_BYTES // 1024} kB", field)


def _setting(row: UserSetting) -> MySetting:
    return MySetting(row.name, row.value, moment_of(row.changed_at))


def _preset(row: SubmissionPreset) -> SubmissionPresetView:
    changed = moment_of(row.changed_at)
    return SubmissionPresetView(row.name, row.label or row.name, row.job_type, row.values, row.owner, changed)
