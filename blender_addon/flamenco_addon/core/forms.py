"""The settings of a job type, as the server declares them, checked before anything is drawn or kept.

What the server sends is data: a name that is no plain word, a type that is not known, or a text without end
makes the setting or the whole job type unusable; nothing of it is ever evaluated.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

KINDS = ("int", "float", "str", "bool", "frames", "list")
MOST_SETTINGS = 200
MOST_CHOICES = 500
MOST_IN_LIST = 1000
MOST_FRAMES = 1_000_000
LONGEST_TEXT = 2000
LONGEST_LINE = 300
LEAST_INT, MOST_INT = -(2**31), 2**31 - 1  # of Blender's properties
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
FRAMES = re.compile(r"(-?\d+)(?:\s*-\s*(-?\d+)(?:\s*x\s*(\d+))?)?")

# The values that the scene supplies; those of `flamenco_common.authoring.Scene`, held equal by a test.
SOURCES = (
    "frame_range", "fps", "format", "color_depth", "engine", "width", "height", "resolution_x", "resolution_y",
    "resolution_percentage", "samples", "scene", "camera", "cameras", "view_layers", "frame", "has_sequencer",
    "has_sound", "simulations",
)  # fmt: skip


class BadDescription(ValueError):
    """What a server sent is no description of settings; the text is one sentence."""


@dataclass(frozen=True)
class Field:
    """A setting of a job type. `source` names the value of the scene that fills it, or is empty."""

    name: str
    kind: str
    label: str = ""
    help: str = ""
    default: Any = None
    required: bool = False
    source: str = ""
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    hidden: bool = False

    @property
    def resting(self) -> Any:
        """The value where nobody chose one and the scene supplies none."""
        return EMPTY[self.kind] if self.default is None else self.default


EMPTY: Mapping[str, Any] = {"int": 0, "float": 0.0, "str": "", "bool": False, "frames": "", "list": []}


def fields_from(declared: object) -> tuple[Field, ...]:
    """The fields of a job type's `settings`. Raises `BadDescription`."""
    if not isinstance(declared, list) or len(declared) > MOST_SETTINGS:
        raise BadDescription("the settings are no list, or too long a one")
    fields = tuple(field_from(item) for item in declared)
    if len({field.name for field in fields}) != len(fields):
        raise BadDescription("two settings have the same name")
    return fields


def field_from(declared: object) -> Field:
    """One field. Raises `BadDescription`."""
    if not isinstance(declared, Mapping):
        raise BadDescription("a setting is no object")
    name, kind = line(declared.get("name")), line(declared.get("type"))
    if not _NAME.fullmatch(name):
        raise BadDescription(f"{name[:60]!r} is no name of a setting")
    if kind not in KINDS:
        raise BadDescription(f"the setting {name} has the unknown type {kind[:60]!r}; is this add-on too old?")
    source = line(declared.get("source"))
    if source and source not in SOURCES:
        raise BadDescription(f"the setting {name} has the unknown source {source[:60]!r}; is this add-on too old?")
    field = Field(
        name=name,
        kind=kind,
        label=line(declared.get("label")) or name.replace("_", " ").capitalize(),
        help=text(declared.get("help")),
        required=declared.get("required") is True,
        source=source,
        minimum=number(declared.get("minimum")),
        maximum=number(declared.get("maximum")),
        choices=_choices(kind, declared.get("choices")),
        hidden=declared.get("hidden") is True,
    )
    if field.minimum is not None and field.maximum is not None and field.minimum > field.maximum:
        raise BadDescription(f"the setting {name} has a minimum above its maximum")
    if kind == "int" and not ((field.minimum or 0) <= MOST_INT and (field.maximum or 0) >= LEAST_INT):
        raise BadDescription(f"the setting {name} has limits that no whole number keeps")
    return _with_default(field, declared.get("default"))


def _with_default(field: Field, default: object) -> Field:
    if default is None:
        return field
    problem = check(field, default)
    if problem:
        raise BadDescription(f"the default of {field.name} is wrong: {problem}")
    return replace(field, default=default)


def _choices(kind: str, declared: object) -> tuple[str, ...]:
    if declared is None or declared == []:
        return ()
    if kind != "str" or not isinstance(declared, list) or len(declared) > MOST_CHOICES:
        raise BadDescription("the choices of a setting are no list of texts, or too long a one")
    found = tuple(dict.fromkeys(line(item) for item in declared))
    if list(found) != declared:
        raise BadDescription("the choices of a setting are not all different short texts")
    return found


def check(field: Field, value: object) -> str:
    """What is wrong with a value, as one sentence; empty if it is right."""
    if not _fits(field.kind, value):
        return f"{field.label} needs {_WANTED[field.kind]}"
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if field.minimum is not None and value < field.minimum:
            return f"{field.label} must be at least {field.minimum:g}"
        if field.maximum is not None and value > field.maximum:
            return f"{field.label} must be at most {field.maximum:g}"
    if field.choices and value not in field.choices:
        return f"{field.label} must be one of {', '.join(field.choices)}"
    if field.kind == "frames" and value:
        return check_frames(field.label, str(value))
    return ""


def check_frames(label: str, value: str) -> str:
    """What is wrong with a list of frames, as one sentence; empty if it is right."""
    total = 0
    for part in value.split(","):
        match = FRAMES.fullmatch(part.strip())
        if not match:
            return f"{label} are written like 1-100 or 1,5,9-20 or 1-9x2"
        first, last = int(match[1]), int(match[2] or match[1])
        step = int(match[3] or 1)
        if last < first or step < 1:
            return f"{label} cannot be read: {part.strip()} counts down, or has a step of 0"
        total += (last - first) // step + 1
    return f"{label} name more than {MOST_FRAMES:,} frames" if total > MOST_FRAMES else ""


_WANTED = {
    "int": "a whole number",
    "float": "a number",
    "str": "a text",
    "bool": "yes or no",
    "frames": "frames like 1-100",
    "list": "a list of names",
}


def _fits(kind: str, value: object) -> bool:
    if kind == "bool":
        return isinstance(value, bool)
    if kind == "int":
        return isinstance(value, int) and not isinstance(value, bool) and LEAST_INT <= value <= MOST_INT
    if kind == "float":
        return number(value) is not None
    if kind == "list":
        return isinstance(value, list) and len(value) <= MOST_IN_LIST and all(is_text(item) for item in value)
    return is_text(value)


def is_text(value: object) -> bool:
    """Whether it is a text that a property of Blender can hold; no lone surrogates, no zeros."""
    if not isinstance(value, str) or len(value) > LONGEST_TEXT or "\0" in value:
        return False
    return not any("\ud800" <= char <= "\udfff" for char in value)


def line(value: object) -> str:
    """A short text on one line."""
    return " ".join(text(value).split())[:LONGEST_LINE].rstrip()


def text(value: object) -> str:
    """A text of bounded length without control characters; nothing else is a text."""
    if not isinstance(value, str):
        return ""
    return "".join(char for char in value[:LONGEST_TEXT] if char.isprintable() or char == "\n")


def number(value: object) -> float | None:
    """A finite number of a size that a form takes, or None."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if abs(value) < 1e15 and math.isfinite(value) else None
