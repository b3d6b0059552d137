# SPDX-License-Identifier: GPL-3.0-or-later
"""A property for each setting of each job type that the farm offers, made when its description arrives.

They read and write the choices, and where nobody chose, what the scene says. Names and texts were checked by
`core.forms`: nothing that a server sent is evaluated or becomes more than a label, a tooltip or a limit.
"""

from __future__ import annotations

import hashlib
import logging
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import bpy

from .. import runtime
from ..core.catalogue import Catalogue, JobType
from ..core.forms import LEAST_INT, LONGEST_TEXT, MOST_INT, Field, check
from ..scene.values import scene_value
from .naming import shown, titled

log = logging.getLogger(__name__)
# The stubs say that these give nothing; what they give is what a class takes as a property.
make: Any = bpy.props
PREFIX = "flamenco_setting_"
LONGEST_NAME = 63  # of a property
DIGITS = 7  # that a float of Blender has
LINGER_SECONDS, ROUNDS = 1.0, 3
# To find these, all objects are looked at: not anew at each drawing of a large scene.
COSTLY = ("cameras", "simulations")
REST = 20  # times as long as looking took


@dataclass
class Registered:
    """The properties that there are: the field that each was made for, by the job type's name and the setting's."""

    fields: dict[tuple[str, str], Field] = field(default_factory=dict)
    names: dict[tuple[str, str], str] = field(default_factory=dict)
    leaving: list[str] = field(default_factory=list)
    generation: int = 0
    rounds: int = 0  # until the leaving ones go
    found: dict[str, tuple[float, str, Any]] = field(default_factory=dict)  # costly values: until when, of which scene


_registered = Registered()


def follow() -> None:
    """From now on make the properties of what the farm offers."""
    runtime.current().catalogue_listeners.append(refresh)


def forget() -> None:
    """Remove them all."""
    offer(None)
    if bpy.app.timers.is_registered(_leave_after_drawing):
        bpy.app.timers.unregister(_leave_after_drawing)
    _leave()
    _registered.generation = 0


def refresh() -> None:
    """The farm offers something else."""
    offer(runtime.current().catalogue)


def offer(catalogue: Catalogue | None) -> None:
    """Make the properties of these job types, keep those that did not change, and remove the rest."""
    wanted = {
        (job_type.name, each.name): each
        for job_type in (catalogue.job_types if catalogue else ())
        for each in job_type.fields
    }
    stale = [key for key, each in _registered.fields.items() if wanted.get(key) != each]
    for key in stale:
        del _registered.fields[key]
        _registered.leaving.append(_registered.names.pop(key))
    _registered.generation += bool(stale)
    for key, each in wanted.items():
        if key not in _registered.fields:
            _make(key, each)
    _leave_soon()


def _make(key: tuple[str, str], declared: Field) -> None:
    name = _free_name(key)
    try:
        setattr(bpy.types.WindowManager, name, _property(key[0], declared))
    except (TypeError, ValueError, OverflowError) as error:
        log.warning("the setting %s of %s cannot be shown: %s", key[1], key[0], error)
        return
    _registered.fields[key], _registered.names[key] = declared, name


def _free_name(key: tuple[str, str]) -> str:
    """A plain name of a property that no other one has."""
    taken = {*_registered.names.values(), *_registered.leaving}
    name = PREFIX + "_".join(key)
    if name in taken and _registered.generation:
        name = f"{name}_{_registered.generation}"
    if name in taken or len(name) > LONGEST_NAME or not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        name = PREFIX + hashlib.sha256(f"{key} {_registered.generation}".encode()).hexdigest()[:24]
    return name


def _leave_soon() -> None:
    """Remove old properties, with a window once it was drawn anew: Blender's buttons hold on to what they show."""
    if bpy.app.background:
        _leave()
    elif _registered.leaving:
        _registered.rounds = ROUNDS
        if not bpy.app.timers.is_registered(_leave_after_drawing):
            bpy.app.timers.register(_leave_after_drawing, first_interval=LINGER_SECONDS, persistent=True)


def _leave_after_drawing() -> float | None:
    """Blender handles its timers, then events, then draws: between two calls of this all was drawn anew."""
    _registered.rounds -= 1
    if _registered.rounds > 0:
        return LINGER_SECONDS
    _leave()
    return None


def _leave() -> None:
    while _registered.leaving:
        delattr(bpy.types.WindowManager, _registered.leaving.pop())


def property_name(job_type: JobType, declared: Field) -> str:
    """The name of the property of a setting; empty if Blender could not make it."""
    return _registered.names.get((job_type.name, declared.name), "")


# ---- values ----


def own_value(job_type: str, declared: Field) -> Any:
    """What was chosen for a setting in the .blend that is open; None if nothing was."""
    state = runtime.current()
    return state.choices.setting(state.blend, job_type, declared)


def choose(job_type: str, declared: Field, value: Any) -> None:
    """Choose a value; None takes it from the scene, or is the default, again."""
    state = runtime.current()
    state.choices.choose_setting(state.blend, job_type, declared, value)
    state.save_soon()


def value_of(job_type: str, declared: Field) -> Any:
    """A setting's value: the chosen one, else what the scene says, else the default."""
    own = own_value(job_type, declared)
    return linked_value(declared) if own is None else own


def linked_value(declared: Field) -> Any:
    """What a setting is where nobody chose."""
    if declared.source:
        said = from_scene(declared.source)
        if declared.kind == "float" and isinstance(said, int):
            said = float(said)
        if said is not None and not check(declared, said):
            return said
    return declared.resting


def from_scene(source: str) -> Any:
    """What the scene in the window says; costly values are those of a moment ago."""
    scene = bpy.context.scene
    if scene is None:
        return None
    if source not in COSTLY:
        return scene_value(scene, source)
    until, name, value = _registered.found.get(source, (0.0, "", None))
    began = time.monotonic()
    if began < until and name == scene.name_full:
        return value
    value = scene_value(scene, source)
    took = time.monotonic() - began
    _registered.found[source] = (began + REST * took, scene.name_full, value)
    return value


# ---- properties ----


def _property(job_type: str, declared: Field) -> Any:
    common: dict[str, Any] = {
        "name": titled(declared.label),
        "description": declared.help.replace("\n", " ").rstrip("."),  # Blender adds a full stop
        "set": _setter(job_type, declared),
        "options": set(),  # no keyframes
    }
    if declared.choices:
        items = [(choice, shown(choice), "", "NONE", number) for number, choice in enumerate(declared.choices)]
        return make.EnumProperty(**common, items=items, get=_enum_getter(job_type, declared))
    return _MAKERS[declared.kind](job_type, declared, common)


def _int(job_type: str, declared: Field, common: dict[str, Any]) -> Any:
    least = int(max(LEAST_INT, declared.minimum if declared.minimum is not None else LEAST_INT))
    most = int(min(MOST_INT, declared.maximum if declared.maximum is not None else MOST_INT))

    def get(_manager: Any) -> int:
        return max(least, min(most, int(value_of(job_type, declared))))

    return make.IntProperty(**common, get=get, min=least, max=most, default=int(declared.resting))


def _float(job_type: str, declared: Field, common: dict[str, Any]) -> Any:
    limits = {"min": declared.minimum, "max": declared.maximum}
    given = {name: float(limit) for name, limit in limits.items() if limit is not None}

    def get(_manager: Any) -> float:
        return float(value_of(job_type, declared))

    return make.FloatProperty(**common, **given, get=get, default=float(declared.resting), precision=3)


def _bool(job_type: str, declared: Field, common: dict[str, Any]) -> Any:
    return make.BoolProperty(**common, get=lambda _: bool(value_of(job_type, declared)), default=bool(declared.resting))


def _text(job_type: str, declared: Field, common: dict[str, Any]) -> Any:
    def get(_manager: Any) -> str:
        value = value_of(job_type, declared)
        return ", ".join(value) if isinstance(value, list) else str(value)

    candidates = CANDIDATES.get(declared.name) if declared.kind == "str" else None
    if candidates is not None:
        common["search"] = _search(candidates)
    return make.StringProperty(**common, get=get, maxlen=LONGEST_TEXT)


_MAKERS: dict[str, Callable[[str, Field, dict[str, Any]], Any]] = {
    "int": _int, "float": _float, "bool": _bool, "str": _text, "frames": _text, "list": _text,
}  # fmt: skip


def _enum_getter(job_type: str, declared: Field) -> Callable[[Any], int]:
    def get(_manager: Any) -> int:
        value = value_of(job_type, declared)
        return declared.choices.index(value) if value in declared.choices else 0

    return get


def _setter(job_type: str, declared: Field) -> Callable[[Any, Any], None]:
    def set_(_manager: Any, value: Any) -> None:
        chosen = _chosen(declared, value)
        # A value of the scene that was made one's own stays one's own, whatever it is.
        same = not declared.source and chosen == declared.resting
        choose(job_type, declared, None if same else chosen)

    return set_


def _chosen(declared: Field, value: Any) -> Any:
    """What a property is set to, as the server wants it."""
    if declared.choices:
        return declared.choices[value]
    if declared.kind == "float":
        return float(f"{value:.{DIGITS}g}")
    if declared.kind == "list":
        return [part.strip() for part in value.split(",") if part.strip()]
    return value.strip() if isinstance(value, str) else value


# ---- what can be picked ----


def _cameras() -> list[str]:
    return list(from_scene("cameras") or ())


def _view_layers() -> list[str]:
    scene = bpy.context.scene
    return [layer.name for layer in scene.view_layers] if scene else []


def _simulations() -> list[str]:
    return list(from_scene("simulations") or ())


# Settings of these names take names of what is in the scene.
CANDIDATES: dict[str, Callable[[], list[str]]] = {
    "camera": _cameras,
    "view_layers": _view_layers,
    "simulations": _simulations,
}


def _search(candidates: Callable[[], list[str]]) -> Callable[[Any, bpy.types.Context, str], list[str]]:
    def search(_manager: Any, _context: bpy.types.Context, typed: str) -> list[str]:
        return [name for name in candidates() if typed.lower() in name.lower()]

    return search


CLASSES: tuple[type, ...] = ()
