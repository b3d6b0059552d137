# SPDX-License-Identifier: GPL-3.0-or-later
"""Help for drawing: a draw function never raises, and long sentences are broken into lines."""

from __future__ import annotations

import logging
import textwrap
from collections.abc import Callable
from typing import Any

import bpy

Draw = Callable[[bpy.types.UILayout, bpy.types.Context], None]

log = logging.getLogger(__name__)
POINTS_A_LETTER = 6.2  # of Blender's interface font at a scale of 1, on average, and a bit for long words
MARGIN = 45  # points of a panel beside its text
USUAL_WIDTH = 320
LEAST_LETTERS = 12  # of a line
MOST_LINES = 8


def guarded(draw: Draw) -> Callable[[Any, bpy.types.Context], None]:
    """The draw method of a panel or menu, made of a function; where that fails there stands a sentence."""
    told: set[str] = set()

    def drawn(self: Any, context: bpy.types.Context) -> None:
        layout: bpy.types.UILayout = self.layout
        if isinstance(self, (bpy.types.Panel, bpy.types.AddonPreferences)):  # a menu's layout is shared with others
            layout.use_property_split = True
            layout.use_property_decorate = False
        try:
            draw(layout, context)
        except Exception as error:
            fault = f"{type(error).__name__}: {error}"
            if fault not in told:
                told.add(fault)
                log.exception("%s cannot be drawn", type(self).__name__)
            layout.label(text="This cannot be shown; the console says why", icon="ERROR")

    return drawn


def sentence(layout: bpy.types.UILayout, context: bpy.types.Context, text: str, icon: Any = "NONE") -> None:
    """A text in as many lines as the width of the region asks for; the icon stands before the first."""
    first = text.partition(" ")[0]
    shown_text = text[:1].upper() + text[1:] if first.isalpha() else text  # an address keeps its letters
    lines = wrapped(shown_text, letters(context, bool(icon != "NONE")))
    column = layout.column(align=True)
    column.scale_y = 0.8 if len(lines) > 1 else 1.0
    for number, line in enumerate(lines):
        shown: Any = "BLANK1" if number and icon != "NONE" else icon
        column.label(text=line, icon=shown, translate=False)


def letters(context: bpy.types.Context, has_icon: bool = False) -> int:
    """How many letters fit into a line of the region that is drawn."""
    region = context.region
    scale = (context.preferences.system.ui_scale if context.preferences else 0.0) or 1.0  # 0 without a window
    width = (region.width if region is not None else USUAL_WIDTH * scale) / scale - MARGIN - 20 * has_icon
    return max(LEAST_LETTERS, int(width / POINTS_A_LETTER))


def wrapped(text: str, width: int) -> list[str]:
    """The lines of a text, not without end; a word that is too long, such as an address, begins a line of its own."""
    lines: list[str] = []
    for part in text.splitlines():
        for line in textwrap.wrap(part, width, break_long_words=False, break_on_hyphens=False):
            lines += [line[at : at + width] for at in range(0, len(line), width)]
    if len(lines) > MOST_LINES:
        lines = [*lines[: MOST_LINES - 1], lines[MOST_LINES - 1][: width - 1] + "…"]
    return lines or [""]
