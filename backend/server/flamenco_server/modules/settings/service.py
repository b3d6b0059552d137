"""The farm's settings: named values that admins change while it runs; the operation log keeps what they were."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from flamenco_server.errors import Invalid, NotFound
from flamenco_server.helpers.moments import moment
from flamenco_server.helpers.upserts import upsert
from flamenco_server.modules.log.service import Event, emit, record
from flamenco_server.modules.settings.models import SettingRow
from flamenco_server.modules.settings.schemas import SettingView

_NAME = re.compile(r"[a-z][a-z0-9_.-]{0,99}")
_MOST_BYTES = 64 * 1024
_PLATFORMS = ("linux", "windows", "darwin", "all")


@dataclass(frozen=True)
class Known:
    """A setting that the farm itself understands; `check` raises `Invalid` for a bad value."""

    default: Any
    help: str
    check: Callable[[Any], None]


def get(session: Session, name: str) -> SettingView:
    """One setting. Raises `NotFound`."""
    row = session.get(SettingRow, check_name(name))
    if row is None and name not in KNOWN:
        raise NotFound(f"there is no setting {name!r}; the settings are {', '.join(sorted(KNOWN))} and what was added")
    return _view(name, row)


def value(session: Session, name: str) -> Any:
    """The value of a setting."""
    return get(session, name).value


def all_settings(session: Session) -> list[SettingView]:
    """All settings, by name."""
    rows = {row.name: row for row in session.scalars(select(SettingRow))}
    return [_view(name, rows.get(name)) for name in sorted({*rows, *KNOWN})]


def below(session: Session, prefix: str) -> dict[str, Any]:
    """The values of the settings whose names begin so, by the rest of their names."""
    found = select(SettingRow).where(SettingRow.name.startswith(prefix, autoescape=True))
    return {row.name.removeprefix(prefix): row.value for row in session.scalars(found)}


def put(session: Session, name: str, new: Any, actor: str, now: float) -> SettingView:
    """Change a setting; None brings its default back. Raises `Invalid`."""
    check_name(name)
    if new is not None:
        _check_value(name, new)
    row = session.get(SettingRow, name)
    before = row.value if row is not None else KNOWN[name].default if name in KNOWN else None
    if new is None and row is not None:
        session.delete(row)
        row = None
    elif new is not None:
        values = {"value": new, "changed_at": now, "changed_by": actor}
        changed = upsert(session, SettingRow).values(name=name, **values)
        session.execute(changed.on_conflict_do_update(index_elements=[SettingRow.name], set_=values))
        row = SettingRow(name=name, **values)
    session.flush()
    record(session, actor, "change", "setting", name, f"{_short(before)} became {_short(new)}")
    emit(session, [Event("setting", name)])
    return _view(name, row)


def check_name(name: str) -> str:
    """Return `name` if a setting can have it. Raises `Invalid`."""
    if not _NAME.fullmatch(name):
        raise Invalid(f"{name[:100]!r} is no name for a setting: use small letters, digits and _ . -", "name")
    return name


def _check_value(name: str, new: Any) -> None:
    if len(msgspec.json.encode(new)) > _MOST_BYTES:
        raise Invalid(f"the setting {name} has more than {_MOST_BYTES // 1024} kB", "value")
    if name in KNOWN:
        KNOWN[name].check(new)


def _view(name: str, row: SettingRow | None) -> SettingView:
    known = KNOWN.get(name)
    help_text = known.help if known else ""
    if row is None:
        return SettingView(name, known.default if known else None, help_text)
    return SettingView(name, row.value, help_text, moment(row.changed_at), row.changed_by)


def _short(value: Any) -> str:
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= 500 else text[:500] + " …"


def _check_text(new: Any) -> None:
    if not isinstance(new, str):
        raise Invalid("the value must be text", "value")


def _check_variables(new: Any) -> None:
    """A table of variables, as `[variables.NAME]` stands in a manager's configuration file."""
    if not isinstance(new, Mapping):
        raise Invalid("variables must be a table: a name, and its value for each platform", "value")
    for name, values in new.items():
        _check_variable(name, values)


def _check_variable(name: str, values: Any) -> None:
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise Invalid(f"{name!r} is no name for a variable: use small letters, digits and _", f"value.{name}")
    if not isinstance(values, Mapping):
        raise Invalid(f"the variable {name} must say its value for each platform", f"value.{name}")
    for platform, text in values.items():
        if platform == "two_way" and not isinstance(text, bool):
            raise Invalid(f"two_way of the variable {name} must be true or false", f"value.{name}.two_way")
        if platform != "two_way" and (platform not in _PLATFORMS or not isinstance(text, str)):
            raise Invalid(
                f"the variable {name} has values for {', '.join(_PLATFORMS)}, each text; not {platform!r}",
                f"value.{name}.{platform}",
            )


KNOWN: Mapping[str, Known] = {
    "farm_name": Known("Flamenco", "What the dashboard calls this farm", _check_text),
    "notice": Known("", "A line that the dashboard shows to everybody", _check_text),
    "variables": Known(
        {},
        "Variables of the whole farm, which fill commands at every site that has no own of that name",
        _check_variables,
    ),
}
