"""From a step's template and a task's parameters to concrete commands.

A template is a list of command documents (see `commands`) as plain JSON values. In it `{"$task": "frames"}` stands
for the task's parameter `frames`, and a string, of the template or of a parameter, that *begins* with a known variable,
as `{job}/shot.blend`, has it replaced. Only the beginning is looked at, so a brace in a file name stays what it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import msgspec

from flamenco_common.commands import Command

_VARIABLE = re.compile(r"^\{([a-z][a-z0-9_]*)\}")
PARAMETER = "$task"


class BadTemplate(ValueError):
    """A template that does not give commands; its text is one sentence for people."""


def fill(template: list[dict[str, Any]], params: Mapping[str, Any], variables: Mapping[str, str]) -> list[Command]:
    """Return the concrete commands. Raises `BadTemplate`."""
    filled = _filled(template, params, variables)
    try:
        commands = msgspec.convert(filled, list[Command])
    except msgspec.ValidationError as error:
        raise BadTemplate(f"the step's template gives no valid commands: {error}") from error
    return [_default_filled(command, variables) for command in commands]


def _default_filled(command: Command, variables: Mapping[str, str]) -> Command:
    """Fill variables in values that the template left to their defaults, such as `{blender}`."""
    named = {
        name: replace_variable(default, variables)
        for name, default in _variable_defaults(type(command))
        if getattr(command, name) == default
    }
    return msgspec.structs.replace(command, **named) if named else command


@cache
def _variable_defaults(kind: type[Command]) -> list[tuple[str, str]]:
    fields = msgspec.structs.fields(kind)
    return [(one.name, one.default) for one in fields if isinstance(one.default, str) and _VARIABLE.match(one.default)]


def _filled(value: Any, params: Mapping[str, Any], variables: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return replace_variable(value, variables)
    if isinstance(value, list):
        return [_filled(item, params, variables) for item in value]
    if isinstance(value, dict):
        if set(value) == {PARAMETER}:
            return _filled(_parameter(str(value[PARAMETER]), params), {}, variables)
        return {key: _filled(item, params, variables) for key, item in value.items()}
    return value


def _parameter(name: str, params: Mapping[str, Any]) -> Any:
    if name not in params:
        raise BadTemplate(f"the step's template asks for the task parameter {name!r}, which its tasks do not have")
    return params[name]


def replace_variable(text: str, variables: Mapping[str, str]) -> str:
    """Replace a known variable at the beginning of `text`."""
    match = _VARIABLE.match(text)
    if not match or match[1] not in variables:
        return text
    return variables[match[1]] + text[match.end() :]
