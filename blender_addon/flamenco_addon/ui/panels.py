# SPDX-License-Identifier: GPL-3.0-or-later
"""The panel in the Output properties: the button on top, then what the job is, its settings, and where it runs."""

from __future__ import annotations

from typing import Any

import bpy

from .. import runtime
from ..core.catalogue import Catalogue, JobType
from ..core.choices import chosen_type
from ..core.forms import Field, check
from ..core.words import counted, shortened
from ..operators import presets
from ..runtime import Connection
from . import account, form_props
from .drawing import guarded, sentence
from .naming import titled
from .sending_view import draw_sending

PANEL = "FLAMENCO_PT_render"
SPLIT = 0.4  # of the width, that Blender gives to the labels of properties
# Settings of these names are about the machines, not about the picture.
OF_WORKERS = ("chunk_size", "gpu", "memory_mb", "timeout_minutes", "retries")
ICONS = {"camera": "CAMERA_DATA"}


# ---- what is drawn ----


def draw_render(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """The button and what the job is; or how to sign in; or what is wrong."""
    state = runtime.current()
    if account.draw_barred(layout, context):
        return
    if not state.account.token:
        account.draw_sign_in(layout, context)
        return
    if not bpy.app.background:
        state.look()
    if state.connection is Connection.FAILED:
        account.draw_problem(layout, context)
    if state.catalogue is None:
        if state.connection is Connection.CONNECTING:
            account.draw_connecting(layout)
        return
    draw_button(layout, context, state.catalogue)
    draw_job(layout, context, state.catalogue)


def draw_button(layout: bpy.types.UILayout, context: bpy.types.Context, catalogue: Catalogue) -> None:
    """The button, or how far the job on its way is; and a line that says how it stands with the farm."""
    if not draw_sending(layout, context):
        row = layout.row()
        row.scale_y = 1.8
        row.operator("flamenco.send", text="Render on Flamenco", icon="RENDER_ANIMATION")
    state = runtime.current()
    where = state.account.address.split("://")[-1]
    line = shortened(f"{catalogue.user} on {where} · {counted(len(catalogue.workers), 'worker')}", 80)
    row = layout.row()
    row.label(text=line, icon="CHECKMARK" if state.connection is Connection.CONNECTED else "SORTTIME", translate=False)
    row.operator("flamenco.refresh", text="", icon="FILE_REFRESH", emboss=False)
    if state.connection is Connection.CONNECTED and state.problem:
        sentence(layout, context, state.problem, "ERROR")


def draw_job(layout: bpy.types.UILayout, context: bpy.types.Context, catalogue: Catalogue) -> None:
    """What the job is."""
    manager = context.window_manager
    column = layout.column()
    draw_presets(column)
    column.prop(manager, "flamenco_name")
    column.prop(manager, "flamenco_project")
    column.prop(manager, "flamenco_job_type")
    job_type = current_type(catalogue)
    if job_type is None:
        sentence(column, context, "This farm has no such job type: choose another one", "ERROR")
    elif job_type.error:
        sentence(column, context, f"This job type cannot be used: {job_type.error}", "ERROR")
    column.prop(manager, "flamenco_preset")
    column.prop(manager, "flamenco_comment")


def draw_presets(layout: bpy.types.UILayout) -> None:
    """The menu of presets for submitting, with buttons to keep and to forget one."""
    applied = presets.applied()
    row = labelled(layout, "Preset").row(align=True)
    row.menu("FLAMENCO_MT_presets", text=shortened(applied.label, 60) if applied else "None", translate=False)
    row.operator("flamenco.preset_save", text="", icon="ADD")
    if applied is not None:
        button = row.operator("flamenco.preset_delete", text="", icon="REMOVE")
        button.name, button.shared = applied.name, applied.shared


def current_type(catalogue: Catalogue | None) -> JobType | None:
    """The job type that is chosen for the .blend that is open."""
    state = runtime.current()
    return chosen_type(state.choices, state.blend, catalogue)


def draw_settings(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """The settings of the job type, a row each."""
    job_type = current_type(runtime.current().catalogue)
    drawn = job_type is not None and draw_some_settings(layout, context, job_type, of_workers=False)
    if not drawn:
        layout.label(text="This job type has no settings" if job_type else "No job type is chosen")


def draw_some_settings(
    layout: bpy.types.UILayout, context: bpy.types.Context, job_type: JobType, *, of_workers: bool
) -> bool:
    """Those settings that are about workers, or the others; gives whether there are any."""
    column = layout.column()
    chosen = [each for each in job_type.fields if not each.hidden and (each.name in OF_WORKERS) is of_workers]
    for each in chosen:
        draw_setting(column, context, job_type, each)
    return bool(chosen)


def draw_setting(layout: bpy.types.UILayout, context: bpy.types.Context, job_type: JobType, declared: Field) -> None:
    """One setting: its value, whether it follows the scene, and what is wrong with it."""
    name = form_props.property_name(job_type, declared)
    if not name:
        return
    own = form_props.own_value(job_type.name, declared)
    linked = bool(declared.source) and own is None
    problem = check(declared, own) if own is not None else ""
    label = titled(declared.label)
    row = labelled(layout, "" if declared.kind == "bool" else label).row(align=True)
    value = row.column(align=True)
    value.enabled = not linked
    value.alert = bool(problem)
    if declared.kind == "list" and declared.name in form_props.CANDIDATES:
        draw_toggles(value, job_type, declared)
    else:
        icon: Any = ICONS.get(declared.name, "NONE")
        value.prop(context.window_manager, name, text=label if declared.kind == "bool" else "", icon=icon)
    if declared.source:
        icon = "LINKED" if linked else "UNLINKED"
        row.operator("flamenco.override_setting", text="", icon=icon).setting = declared.name
    if problem:
        sentence(layout, context, problem, "ERROR")


def draw_toggles(layout: bpy.types.UILayout, job_type: JobType, declared: Field) -> None:
    """A button for each name that there is in the scene, pressed if it is chosen."""
    chosen = form_props.value_of(job_type.name, declared)
    found = form_props.CANDIDATES[declared.name]()
    names = [*found, *(name for name in chosen if name not in found)]
    if not names:
        layout.label(text="None in this scene")
    for name in names:
        button = layout.operator("flamenco.toggle_item", text=name, depress=name in chosen, translate=False)
        button.setting, button.item = declared.name, name


def labelled(layout: bpy.types.UILayout, label: str) -> bpy.types.UILayout:
    """A column that stands where the values of properties stand, with a label before it."""
    split = layout.split(factor=SPLIT)
    left = split.row()
    left.alignment = "RIGHT"
    left.label(text=label, translate=False)
    right = split.column(align=True)
    right.use_property_split = False
    return right


def draw_workers(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """What matters to the scheduler."""
    manager, state = context.window_manager, runtime.current()
    column = layout.column()
    column.prop(manager, "flamenco_priority")
    column.prop(manager, "flamenco_paused")
    column.prop(manager, "flamenco_blender")
    column.prop(manager, "flamenco_max_workers")
    chosen = state.choices.known(state.blend, "tags")
    tags = state.catalogue.tags if state.catalogue else ()
    names = [*tags, *(tag for tag in chosen if tag not in tags)]
    if names:
        toggles = labelled(column, "Tags")
        for tag in names:
            toggles.operator("flamenco.toggle_tag", text=tag, depress=tag in chosen, translate=False).tag = tag
    job_type = current_type(state.catalogue)
    if job_type is not None:
        draw_some_settings(layout, context, job_type, of_workers=True)


def draw_files(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """What is sent, and where the results go."""
    manager = context.window_manager
    column = layout.column()
    column.prop(manager, "flamenco_automatic")
    column.prop(manager, "flamenco_output")
    column.prop(manager, "flamenco_root")
    column.prop(manager, "flamenco_shared")
    column.prop(manager, "flamenco_allow_missing")


# ---- where ----


def is_connected(_class: type, _context: bpy.types.Context) -> bool:
    """Whether the farm's offer is known, and it may be talked to."""
    return runtime.current().catalogue is not None and not runtime.barred()


def panel(name: str, label: str, draw: Any, *, closed: bool = True, order: int = 0, parent: str = PANEL) -> type:
    """A panel of the Output properties, below another one if it has a `parent`."""
    members: dict[str, Any] = {
        "bl_idname": name,
        "bl_label": label,
        "bl_space_type": "PROPERTIES",
        "bl_region_type": "WINDOW",
        "bl_context": "output",
        "bl_options": {"DEFAULT_CLOSED"} if closed else set(),
        "bl_order": order,
        "draw": guarded(draw),
    }
    if parent:
        members |= {"bl_parent_id": parent, "poll": classmethod(is_connected)}
    return type(name, (bpy.types.Panel,), members)


CLASSES: tuple[type, ...] = (
    panel(PANEL, "Flamenco", draw_render, closed=False, parent=""),
    panel("FLAMENCO_PT_settings", "Settings", draw_settings, closed=False, order=10),
    panel("FLAMENCO_PT_workers", "Workers", draw_workers, order=20),
    panel("FLAMENCO_PT_files", "Files", draw_files, order=30),
    panel("FLAMENCO_PT_account", "Farm", account.draw_farm, order=100),
)
