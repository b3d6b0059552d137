# SPDX-License-Identifier: GPL-3.0-or-later
"""An area in a window of its own, to show something in."""

from __future__ import annotations

import contextlib
from typing import Any

import bpy


def open_area(context: bpy.types.Context) -> Any:
    """The one area of a fresh window; None if Blender opens none."""
    manager: Any = context.window_manager
    before = len(manager.windows)
    # While an area is maximized only the first can; where there is no active area, as at times in a popup, only the second.
    for opened in (bpy.ops.screen.area_dupli, bpy.ops.wm.window_new):
        call: Any = opened
        with contextlib.suppress(RuntimeError):
            call("INVOKE_DEFAULT")
        if len(manager.windows) > before:
            return manager.windows[-1].screen.areas[0]
    return None
