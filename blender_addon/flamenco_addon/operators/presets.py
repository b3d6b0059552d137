# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep what is chosen under a name, for oneself or for the studio; choose it again; forget it."""

from __future__ import annotations

from typing import Any

import bpy
from bpy.props import BoolProperty, StringProperty
from flamenco_client.errors import ClientError

from .. import runtime
from ..core.choices import chosen_type
from ..core.forms import LONGEST_LINE
from ..core.presets import SubmissionPreset, apply, name_for, preset_of
from .pressing import LocalOperator

ASK_SECONDS = 30.0


def known_presets() -> list[SubmissionPreset]:
    """One's own presets, then those of the studio."""
    state = runtime.current()
    shared = state.catalogue.shared if state.catalogue else None
    return [*state.own_presets.all(), *sorted(shared or (), key=lambda each: each.label)]


def find(name: str, shared: bool) -> SubmissionPreset | None:
    """The preset of that name."""
    return next((each for each in known_presets() if each.name == name and each.shared is shared), None)


def applied() -> SubmissionPreset | None:
    """The preset that was chosen last for the .blend that is open, if there still is one."""
    state = runtime.current()
    match state.choices.get(state.blend, "applied"):
        case [str(name), str(whose)]:
            return find(name, whose == "shared")
        case _:
            return None


def can_share() -> bool:
    """Whether the farm keeps presets."""
    catalogue = runtime.current().catalogue
    return catalogue is not None and catalogue.shared is not None and catalogue.role != "viewer"


class FLAMENCO_OT_preset_apply(LocalOperator):
    """Choose all that this preset says"""

    bl_idname = "flamenco.preset_apply"
    bl_label = "Apply Preset"

    name: StringProperty(name="Name", options={"SKIP_SAVE"})
    shared: BoolProperty(name="Shared", options={"SKIP_SAVE"})

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Choose it."""
        state = runtime.current()
        preset = find(self.name, self.shared)
        if preset is None:
            self.report({"ERROR"}, f"there is no preset {self.name[:100]!r}")
            return {"CANCELLED"}
        job_type = state.catalogue.job_type(preset.job_type) if state.catalogue else None
        apply(preset, state.choices, state.blend, job_type)
        state.choose("applied", [preset.name, "shared" if preset.shared else "own"])
        state.redraw()
        return {"FINISHED"}


class FLAMENCO_OT_preset_save(LocalOperator):
    """Keep what is chosen under a name, without what belongs to this one shot"""

    bl_idname = "flamenco.preset_save"
    bl_label = "Save Preset"

    label: StringProperty(name="Name", maxlen=LONGEST_LINE, description="A preset of this name is replaced")
    share: BoolProperty(name="Share with the Studio", description="Everybody on this farm can choose it")

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[Any]:
        """Ask for the name."""
        if not can_share():
            self.share = False
        manager: Any = context.window_manager
        return set(manager.invoke_props_dialog(self))

    def draw(self, context: bpy.types.Context) -> None:
        """The dialog."""
        layout: Any = self.layout
        layout.use_property_split = True
        layout.activate_init = True
        layout.prop(self, "label")
        row = layout.row()
        row.enabled = can_share()
        row.prop(self, "share")

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Keep it."""
        state = runtime.current()
        job_type = chosen_type(state.choices, state.blend, state.catalogue)
        if job_type is None or not name_for(self.label):
            self.report(
                {"ERROR"}, "a preset needs a name with a letter or a digit" if job_type else "no job type is chosen"
            )
            return {"CANCELLED"}
        preset = preset_of(state.choices, state.blend, job_type, self.label)
        try:
            if self.share:
                self._share(preset)
            else:
                state.own_presets.keep(preset)
        except ClientError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        state.choose("applied", [preset.name, "shared" if self.share else "own"])
        return {"FINISHED"}

    def _share(self, preset: SubmissionPreset) -> None:
        client = runtime.current().client()
        change(
            lambda: client.keep_submission_preset(preset.name, preset.job_type, preset.document(), preset.label),
            "the preset is not saved",
        )


class FLAMENCO_OT_preset_delete(LocalOperator):
    """Forget this preset; what is chosen now stays"""

    bl_idname = "flamenco.preset_delete"
    bl_label = "Delete Preset"

    name: StringProperty(name="Name", options={"SKIP_SAVE"})
    shared: BoolProperty(name="Shared", options={"SKIP_SAVE"})

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[Any]:
        """Ask whether that is meant."""
        manager: Any = context.window_manager
        return set(manager.invoke_confirm(self, event))

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Forget it."""
        state = runtime.current()
        if find(self.name, self.shared) is None:
            self.report({"ERROR"}, f"there is no preset {self.name[:100]!r}")
            return {"CANCELLED"}
        try:
            if self.shared:
                client, name = state.client(), self.name
                change(lambda: client.delete_submission_preset(name), "the preset is not deleted")
            else:
                state.own_presets.delete(self.name)
        except ClientError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        state.choose("applied", None)
        return {"FINISHED"}


def change(call: Any, fault: str) -> None:
    """Change a preset on the server; in the background, if there is a window. Raises a `ClientError`."""
    state = runtime.current()
    if bpy.app.background:
        call()
        return

    def failed(sentence: str) -> None:
        state.problem = f"{fault}: {sentence}"
        state.redraw()

    state.background.start("preset", lambda _: call(), lambda _: state.connect(), failed, seconds=ASK_SECONDS)


CLASSES: tuple[type, ...] = (FLAMENCO_OT_preset_apply, FLAMENCO_OT_preset_save, FLAMENCO_OT_preset_delete)
