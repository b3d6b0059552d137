# SPDX-License-Identifier: GPL-3.0-or-later
"""What the panel's fields show and change: properties that keep nothing themselves.

Every one of them reads and writes `runtime.current().choices` (or the sign-in form), so nothing of the add-on is
ever stored in a .blend.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import bpy

from .. import runtime
from ..core.choices import DEFAULTS, USUAL_TYPE, chosen_type, usual_name
from ..core.forms import LONGEST_LINE, LONGEST_TEXT, line
from . import form_props
from .naming import shown

NONE = "(none)"  # an identifier of an enum's item cannot be empty
Item = tuple[str, str, str, str, int]
Offered = tuple[str, str, str]  # identifier, name, description
# The stubs say that these give nothing; what they give is what a class takes as a property.
make: Any = bpy.props
PLAIN: dict[str, Any] = {"options": set()}  # no keyframes

# Blender keeps no copy of the texts of items that a function gives.
_kept: dict[str, list[Item]] = {}


def register() -> None:
    """Blender enables the add-on."""
    for name, prop in (("name", name_prop()), *plain_props(), *enum_props(), *sign_in_props()):
        setattr(bpy.types.WindowManager, f"flamenco_{name}", prop)
    form_props.follow()


def unregister() -> None:
    """Blender disables the add-on."""
    form_props.forget()
    names = [name for name, _ in (("name", None), *plain_props(), *enum_props(), *sign_in_props())]
    for name in names:
        delattr(bpy.types.WindowManager, f"flamenco_{name}")
    _kept.clear()


# ---- choices ----


def getter(name: str) -> Callable[[Any], Any]:
    """Reads a choice for the .blend that is open."""

    def get(_manager: Any) -> Any:
        state = runtime.current()
        return state.choices.known(state.blend, name)

    return get


def setter(name: str) -> Callable[[Any, Any], None]:
    """Makes a choice for the .blend that is open."""

    def set_(_manager: Any, value: Any) -> None:
        runtime.current().choose(name, None if value == DEFAULTS[name] else value)

    return set_


def name_prop() -> Any:
    """The job's name; the .blend's while nobody gave another one."""

    def get(_manager: Any) -> str:
        state = runtime.current()
        return str(state.choices.known(state.blend, "name")) or usual_name(state.blend)

    def set_(_manager: Any, value: str) -> None:
        state, name = runtime.current(), line(value)
        state.choose("name", None if name in ("", usual_name(state.blend)) else name)

    return make.StringProperty(
        name="Name",
        description="Name of the job; empty: that of the .blend",
        get=get,
        set=set_,
        maxlen=LONGEST_LINE,
        **PLAIN,
    )


def plain_props() -> list[tuple[str, Any]]:
    """The numbers, ticks and texts."""
    number = {"name": "Priority", "description": "Jobs of a higher priority are rendered first; 50 is usual"}
    return [
        ("priority", make.IntProperty(**number, min=0, max=1000, soft_max=100, default=50, **access("priority"))),
        ("max_workers", make.IntProperty(
            name="Most Workers", description="How many workers may render this job at the same time; 0: any number",
            min=0, max=100_000, soft_max=100, **access("max_workers"),
        )),
        ("paused", make.BoolProperty(
            name="Submit Paused", description="The job waits on the farm until somebody resumes it", **access("paused"),
        )),
        ("allow_missing", make.BoolProperty(
            name="Allow Missing Files", description="Render although files that the .blend uses are not there",
            **access("allow_missing"),
        )),
        ("shared", make.BoolProperty(
            name="Shared Storage",
            description="Send nothing: the workers see this .blend and all it uses on storage that they share with this machine",
            **access("shared"),
        )),
        ("comment", make.StringProperty(
            name="Comment", description="A remark for people, shown with the job", maxlen=LONGEST_TEXT,
            **access("comment"),
        )),
        ("automatic", make.BoolProperty(
            name="Bring Results Back", description="Fetch the results by themselves, frame by frame while the job runs",
            **access("automatic"),
        )),
        ("output", make.StringProperty(
            name="Results", description="Folder that the results are brought to; empty: the scene's own output folder",
            subtype="DIR_PATH", maxlen=LONGEST_TEXT, **access("output"),
        )),
        ("root", make.StringProperty(
            name="Project Root",
            description="Folder that holds all files of the project; empty: found by its .blender_project, .git or .svn",
            subtype="DIR_PATH", maxlen=LONGEST_TEXT, **access("root"),
        )),
    ]  # fmt: skip


def access(name: str) -> dict[str, Any]:
    """How a property reads and makes a choice."""
    return {"get": getter(name), "set": setter(name), **PLAIN}


# ---- choices among what the farm has ----


def enum_props() -> list[tuple[str, Any]]:
    """The lists to choose from; they follow the farm without being registered anew."""
    return [
        ("job_type", offered_prop("job_type", "Job Type", "What kind of job this is", job_types, current_type)),
        ("project", offered_prop("project", "Project", "Project of the farm that the job belongs to", projects)),
        ("blender", offered_prop("blender", "Blender", "Blender that the farm renders with", blenders)),
        ("preset", offered_prop("preset", "Render Settings", "Named changes to the scene's render settings", presets)),
    ]


def offered_prop(
    name: str,
    label: str,
    description: str,
    offered: Callable[[], list[Offered]],
    current: Callable[[], str] | None = None,
) -> Any:
    """A choice among what the farm offers now; what was chosen stays there even if the farm lacks it."""
    choice = current or (lambda: str(getter(name)(None)))

    def now() -> list[Item]:
        return numbered(offered(), choice())

    def items(_manager: Any, _context: bpy.types.Context | None) -> list[Item]:
        found = now()
        if _kept.get(name) != found:  # Blender may still show the texts of the old ones
            _kept[name] = found
        return _kept[name]

    def get(_manager: Any) -> int:
        wanted = choice()
        return next((item[4] for item in now() if item[0] == wanted), 0)

    def set_(_manager: Any, number: int) -> None:
        identifier = now()[number][0]
        runtime.current().choose(name, None if identifier == NONE else identifier)

    return make.EnumProperty(name=label, description=description, items=items, get=get, set=set_, **PLAIN)


def numbered(offered: list[Offered], current: str) -> list[Item]:
    """The items of an enum, with the current choice even if it is not offered (any more)."""
    items = [(identifier, name, about, "NONE", number) for number, (identifier, name, about) in enumerate(offered)]
    if current and all(item[0] != current for item in items):
        items.append((current, f"{current} (not on this farm)", "The farm does not have it", "ERROR", len(items)))
    return items or [(NONE, "–", "The farm is not connected", "NONE", 0)]


def job_types() -> list[Offered]:
    """The farm's job types, the usual one first."""
    catalogue = runtime.current().catalogue
    types = sorted(catalogue.job_types if catalogue else (), key=lambda each: (each.name != USUAL_TYPE, each.name))
    return [(each.name, shown(each.name), each.error or each.help) for each in types]


def current_type() -> str:
    """The job type that is chosen, or stands for no choice."""
    state = runtime.current()
    found = chosen_type(state.choices, state.blend, state.catalogue)
    return found.name if found else str(state.choices.known(state.blend, "job_type"))


def projects() -> list[Offered]:
    """The farm's projects."""
    catalogue = runtime.current().catalogue
    found = catalogue.projects if catalogue else ()
    return [(NONE, "None", "No project"), *((name, name, "") for name in found if name != NONE)]


def blenders() -> list[Offered]:
    """As the file, or one series that the farm's workers have."""
    catalogue = runtime.current().catalogue
    here = "{}.{}".format(*bpy.app.version)
    usual = (NONE, f"As this file (at least {here})", "The oldest Blender of the farm that is not older than this one")
    series = catalogue.blenders if catalogue else ()
    return [usual, *((each, each, f"Workers that have Blender {each}") for each in series)]


def presets() -> list[Offered]:
    """The farm's presets of render settings."""
    catalogue = runtime.current().catalogue
    found = catalogue.presets if catalogue else ()
    usual = (NONE, "As this file", "The render settings of the .blend")
    return [usual, *((each.name, each.label, each.help) for each in found if each.name != NONE)]


# ---- the sign-in form ----


def sign_in_props() -> list[tuple[str, Any]]:
    """The fields of the sign-in form; what is typed lives until it is used."""
    return [
        ("address", make.StringProperty(
            name="Address", description="Address of the farm's server, like http://farm:8080", maxlen=LONGEST_LINE,
            get=lambda _: runtime.current().typed_address, set=_type_address, **PLAIN,
        )),
        ("token", make.StringProperty(
            name="Token", description="A token that the farm's admin or the dashboard gave you", maxlen=LONGEST_LINE,
            subtype="PASSWORD", get=lambda _: runtime.current().typed_token, set=_type_token, **PLAIN,
        )),
    ]  # fmt: skip


def _type_address(_manager: Any, value: str) -> None:
    runtime.current().typed_address = value.strip()


def _type_token(_manager: Any, value: str) -> None:
    runtime.current().typed_token = value.strip()


CLASSES: tuple[type, ...] = ()
