# SPDX-License-Identifier: GPL-3.0-or-later
"""The small buttons of the form: follow the scene or not, and names that are on or off."""

from __future__ import annotations

from typing import Any

import bpy
from bpy.props import StringProperty

from .. import runtime
from ..core.catalogue import JobType
from ..core.choices import chosen_type
from ..core.forms import Field
from ..ui import form_props
from .pressing import LocalOperator


def setting_of(name: str) -> tuple[JobType, Field] | None:
    """The job type that is chosen, and its setting of that name."""
    state = runtime.current()
    job_type = chosen_type(state.choices, state.blend, state.catalogue)
    declared = job_type.field(name) if job_type else None
    return (job_type, declared) if job_type and declared else None


class FLAMENCO_OT_override_setting(LocalOperator):
    """Follow the scene, or choose a value for this job only"""

    bl_idname = "flamenco.override_setting"
    bl_label = "Link to the Scene"

    setting: StringProperty(name="Setting", options={"SKIP_SAVE"})

    @classmethod
    def description(cls, context: bpy.types.Context, properties: Any) -> str:
        """What a press would do."""
        found = setting_of(properties.setting)
        if found and form_props.own_value(found[0].name, found[1]) is None:
            return "This follows the scene. Press to choose another value for this job; the scene stays as it is"
        return "This is a value for this job only. Press to follow the scene again"

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Do the one or the other."""
        found = setting_of(self.setting)
        if found is None:
            self.report({"WARNING"}, f"there is no setting {self.setting!r}")
            return {"CANCELLED"}
        job_type, declared = found
        is_own = form_props.own_value(job_type.name, declared) is not None
        form_props.choose(job_type.name, declared, None if is_own else form_props.linked_value(declared))
        return {"FINISHED"}


class FLAMENCO_OT_toggle_item(LocalOperator):
    """Add this name to the setting, or take it out"""

    bl_idname = "flamenco.toggle_item"
    bl_label = "Toggle"

    setting: StringProperty(name="Setting", options={"SKIP_SAVE"})
    item: StringProperty(name="Name", options={"SKIP_SAVE"})

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Add it or take it out."""
        found = setting_of(self.setting)
        if found is None or found[1].kind != "list":
            self.report({"WARNING"}, f"there is no list {self.setting!r}")
            return {"CANCELLED"}
        job_type, declared = found
        chosen = toggled(form_props.value_of(job_type.name, declared), self.item)
        is_usual = not declared.source and chosen == declared.resting
        form_props.choose(job_type.name, declared, None if is_usual else chosen)
        return {"FINISHED"}


class FLAMENCO_OT_toggle_tag(LocalOperator):
    """Only workers that have all of the chosen tags take this job"""

    bl_idname = "flamenco.toggle_tag"
    bl_label = "Toggle Tag"

    tag: StringProperty(name="Tag", options={"SKIP_SAVE"})

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Choose the tag or not."""
        state = runtime.current()
        chosen = toggled(state.choices.known(state.blend, "tags"), self.tag)
        state.choose("tags", chosen or None)
        return {"FINISHED"}


def toggled(names: list[str], name: str) -> list[str]:
    """The names with that one, or without it if it is there."""
    return [each for each in names if each != name] if name in names else [*names, name]


CLASSES: tuple[type, ...] = (FLAMENCO_OT_override_setting, FLAMENCO_OT_toggle_item, FLAMENCO_OT_toggle_tag)
