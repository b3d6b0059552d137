"""Blender's window as one properties editor with the Output tab: what the add-on shows there can be clicked.

The first argument is a file that is written when the window stands, with what a test must know of how Blender draws;
the second one a Python file with what an artist has changed since the .blend was saved, which sees `scene`.
"""

import json
import sys
from pathlib import Path

import bpy

TOLD, EDITS = (Path(each) for each in sys.argv[sys.argv.index("--") + 1 :][:2])


def arrange() -> "float | None":
    """Make the largest area the only one; the window needs a moment until it can."""
    window = bpy.context.window_manager.windows[0]
    area = max(window.screen.areas, key=lambda each: each.width * each.height)
    if len(window.screen.areas) > 1 and not window.screen.show_fullscreen:
        area.type = "PROPERTIES"
        with bpy.context.temp_override(window=window, area=area):
            bpy.ops.screen.screen_full_area(use_hide_panels=True)
        return 0.2
    with bpy.context.temp_override(window=window):
        bpy.ops.ed.undo_push(message="Edits")  # what a script changes is no change of the artist's for Blender
    area.type = "PROPERTIES"
    area.spaces.active.context = "OUTPUT"
    theme = bpy.context.preferences.themes[0].user_interface
    color = [round(255 * part) for part in theme.wcol_tool.inner[:3]]
    TOLD.write_text(json.dumps({"button": color, "scale": bpy.context.preferences.system.ui_scale}))
    return None


exec(EDITS.read_text(), {"bpy": bpy, "scene": bpy.context.scene})
bpy.context.preferences.view.show_splash = False
bpy.context.preferences.view.use_save_prompt = False
bpy.app.timers.register(arrange, first_interval=0.2)
