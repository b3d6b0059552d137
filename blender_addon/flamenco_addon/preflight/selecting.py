# SPDX-License-Identifier: GPL-3.0-or-later
"""Show where a finding is: select the object, or open the editor that shows the data-block."""

from __future__ import annotations

import contextlib
from typing import Any

import bpy

from ..ui.areas import open_area
from .findings import TABS, Editor, Place
from .places import block_of, part_of, tree_of

TREES = (Editor.SHADER, Editor.GEOMETRY, Editor.COMPOSITOR, Editor.TEXTURE)
PINNED = (Editor.SHADER, Editor.GEOMETRY)
# Node trees of add-ons have editors of their own names, which may be gone with the add-on.
EDITORS = {value for name, value in vars(Editor).items() if name.isupper()}
# Which member of an editor's space is the data-block that it shows.
SHOWN = {Editor.IMAGE: "image", Editor.CLIP: "clip", Editor.TEXT: "text"}


def show(context: bpy.types.Context, place: Place) -> str:
    """Go there; gives what stands in the way as a sentence, or nothing."""
    block = block_of(bpy.data, place)
    if place.name and block is None:
        return f"{place.name} is no longer there; check again"
    problem = activate(context, block) if place.collection == "objects" else ""
    mark(place)
    if place.editor in EDITORS and not bpy.app.background:
        open_editor(context, place, block)
    return problem


def activate(context: bpy.types.Context, thing: Any) -> str:
    """Make an object the only selected one, and active."""
    layer = context.view_layer
    if layer is None or thing.name not in layer.objects:
        return f"{thing.name} is in none of the collections that this view layer shows"
    if context.mode != "OBJECT":
        return f"{thing.name} can be selected in object mode only"
    for each in list(layer.objects.selected):
        each.select_set(False)
    layer.objects.active = thing
    if not thing.visible_get():
        return f"{thing.name} is hidden"
    thing.select_set(True)
    return ""


def mark(place: Place) -> None:
    """Make the node, modifier or strip the active one."""
    part, block = part_of(bpy.data, place), block_of(bpy.data, place)
    if part is None or part == block:
        return
    if place.editor in TREES:
        nodes = tree_of(block).nodes
        for each in nodes:
            each.select = each == part
        nodes.active = part
    elif place.editor == Editor.SEQUENCER:
        block.sequence_editor.active_strip = part
        part.select = True
    elif place.collection == "objects":
        with contextlib.suppress(AttributeError, TypeError):
            block.modifiers.active = part


def open_editor(context: bpy.types.Context, place: Place, block: Any) -> None:
    """Let an editor show it: one that is open already, else one in a window of its own."""
    area = find_area(context, place.editor) or open_area(context)
    if area is None:
        return
    if place.editor in TABS:
        area.ui_type = "PROPERTIES"
        with contextlib.suppress(TypeError):  # a tab that there is not for what is active
            area.spaces.active.context = place.editor
        return
    area.ui_type = place.editor
    space: Any = area.spaces.active
    if place.editor in SHOWN and block is not None:
        setattr(space, SHOWN[place.editor], block)
    elif place.editor in PINNED and block is not None:
        space.pin = True
        space.node_tree = tree_of(block)
    elif place.editor in TREES:
        space.pin = False  # it then shows what is active; Blender 3.4 crashes if a scene's compositor is pinned
    elif place.editor == Editor.OUTLINER:
        space.display_mode = "LIBRARIES"
    area.tag_redraw()


def find_area(context: bpy.types.Context, editor: str) -> Any:
    """An area of that editor; not the one that the findings are in, unless it shows the place by itself."""
    here, manager = context.area, context.window_manager
    for window in manager.windows if manager else ():
        for area in window.screen.areas:
            if editor in TABS and area.type == "PROPERTIES":
                space: Any = area.spaces.active
                if area != here or space.context == editor:
                    return area
            elif area.ui_type == editor:
                return area
    return None
