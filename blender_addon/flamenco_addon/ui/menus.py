# SPDX-License-Identifier: GPL-3.0-or-later
"""The entry in the Render menu with its shortcut, and the status bar while a job is sent."""

from __future__ import annotations

from typing import Any

import bpy

from ..core.words import shortened
from ..operators import presets
from .drawing import guarded

SEND = "flamenco.send"
# Free in Blender's own keymaps of 3.4 to 5.0 (a test sees to it), beside F12 and Ctrl-F12 for rendering here.
KEY: dict[str, Any] = {"type": "F12", "value": "PRESS", "ctrl": True, "shift": True}

_keys: list[tuple[bpy.types.KeyMap, bpy.types.KeyMapItem]] = []


def entry(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """The entry in the Render menu."""
    layout.separator()
    layout.operator(SEND, text="Render on Flamenco", icon="RENDER_ANIMATION")


draw_entry = guarded(entry)


def draw_presets(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """One's own presets, then those of the studio."""
    known = presets.known_presets()
    if not known:
        layout.label(text="No presets yet: + keeps what is chosen")
    for shared in (False, True):
        found = [each for each in known if each.shared is shared]
        if found:
            layout.label(text="Of the Studio" if shared else "My Own", icon="COMMUNITY" if shared else "USER")
        for each in found:
            button = layout.operator("flamenco.preset_apply", text=shortened(each.label, 80), translate=False)
            button.name, button.shared = each.name, each.shared


class FLAMENCO_MT_presets(bpy.types.Menu):
    """Presets for submitting."""

    bl_idname = "FLAMENCO_MT_presets"
    bl_label = "Presets"
    draw: Any = guarded(draw_presets)


def register() -> None:
    """Blender enables the add-on."""
    bpy.types.TOPBAR_MT_render.append(draw_entry)
    manager = bpy.context.window_manager
    configs = manager.keyconfigs.addon if manager else None
    if configs is not None:  # there is none without a window
        keymap = configs.keymaps.new(name="Screen", space_type="EMPTY")
        _keys.append((keymap, keymap.keymap_items.new(SEND, **KEY)))


def unregister() -> None:
    """Blender disables the add-on."""
    for keymap, item in _keys:
        keymap.keymap_items.remove(item)
    _keys.clear()
    bpy.types.TOPBAR_MT_render.remove(draw_entry)


CLASSES: tuple[type, ...] = (FLAMENCO_MT_presets,)
