# SPDX-License-Identifier: GPL-3.0-or-later
"""How far the job on its way is: in the panel, and in the status bar; and Esc, which cancels it."""

from __future__ import annotations

import time
from typing import Any

import bpy

from .. import runtime
from ..core.sending import ENDED, Phase
from .drawing import guarded, sentence

CANCEL = "flamenco.cancel_sending"
REDRAW_SECONDS = 0.2
TOLD_SECONDS = 10.0  # that the status bar tells the end
ICONS: dict[Phase, Any] = {Phase.DONE: "CHECKMARK", Phase.FAILED: "ERROR", Phase.CANCELED: "X"}

PLAYED_SECONDS = 0.5  # for which a window's animation is remembered to have played

_played: dict[int, float] = {}  # when the animation of a window was last seen to play
_keys: list[tuple[bpy.types.KeyMap, bpy.types.KeyMapItem]] = []
_bars: dict[int, Any] = {}  # the status bars by the pointers of their windows: Blender lists them nowhere


def draw_sending(layout: bpy.types.UILayout, context: bpy.types.Context) -> bool:
    """The bar with its figures, or how the last sending ended; gives whether one is on its way."""
    sending = runtime.current().sending
    if sending is None:
        return False
    if sending.phase in ENDED:
        sentence(layout, context, sending.line(), ICONS[sending.phase])
        return False
    column = layout.column(align=True)
    row = column.row(align=True)
    draw_bar(row, context, sending.fraction, sending.phase.value)
    row.operator(CANCEL, text="", icon="CANCEL")
    column.label(text=sending.line(), translate=False)
    if sending.meter.current:
        column.label(text=sending.meter.current, icon="FILE", translate=False)
    return True


def draw_bar(
    layout: bpy.types.UILayout, context: bpy.types.Context, fraction: float, text: str, name: str = "flamenco_sent"
) -> None:
    """A progress bar, also where Blender has none: there `name` is a property that says how far it is."""
    if hasattr(layout, "progress"):  # 4.0 and later
        layout.progress(factor=fraction, text=text)
    else:
        layout.prop(context.window_manager, name, text=text, slider=True)


@guarded
def draw_status(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """The line in the status bar."""
    state = runtime.current()
    if context.window is not None and context.region is not None:
        _bars[context.window.as_pointer()] = context.region
    sending = state.sending
    if sending is None or (sending.phase in ENDED and time.monotonic() - sending.ended_at > TOLD_SECONDS):
        return
    if sending.active:
        row = layout.row()
        row.ui_units_x = 6
        draw_bar(row, context, sending.fraction, f"{sending.fraction * 100:.0f} %")
        layout.label(text=f"Flamenco: {sending.line()} · Esc cancels", translate=False)
    else:
        layout.label(text=f"Flamenco: {sending.line()}", icon=ICONS[sending.phase], translate=False)


def watch() -> None:
    """Draw what changes until some time after the end."""
    if not bpy.app.background and not bpy.app.timers.is_registered(_redraw):
        bpy.app.timers.register(_redraw, first_interval=0.0, persistent=True)


def just_played() -> bool:
    """Whether an animation plays, or did a moment ago."""
    return any(time.monotonic() - seen < PLAYED_SECONDS for seen in _played.values())


def _note_playing() -> None:
    manager = bpy.context.window_manager
    for window in manager.windows if manager else ():
        if window.screen.is_animation_playing:
            _played[window.as_pointer()] = time.monotonic()


def _redraw() -> float | None:
    state = runtime.current()
    _note_playing()
    state.redraw()
    manager = bpy.context.window_manager
    windows = {window.as_pointer() for window in manager.windows} if manager else set()
    for window, region in list(_bars.items()):
        if window in windows:
            region.tag_redraw()
        else:
            del _bars[window]
    sending = state.sending
    if sending is not None and sending.active:
        return REDRAW_SECONDS
    if sending is not None and time.monotonic() - sending.ended_at < TOLD_SECONDS:
        return TOLD_SECONDS
    return None


def _fraction(_manager: Any) -> float:
    sending = runtime.current().sending
    return 100 * sending.fraction if sending is not None else 0.0


@bpy.app.handlers.persistent  # type: ignore[untyped-decorator]
def _forget_bars(*_: object) -> None:
    """The windows are made anew when a file is loaded."""
    _bars.clear()


CLASSES: tuple[type, ...] = ()
_manager: Any = bpy.types.WindowManager


def register() -> None:
    """The bar's figure, the status bar and the key."""
    properties: Any = bpy.props
    _manager.flamenco_sent = properties.FloatProperty(
        name="Sent", description="How much is sent", subtype="PERCENTAGE", precision=0, min=0, max=100, get=_fraction
    )
    bpy.types.STATUSBAR_HT_header.prepend(draw_status)
    bpy.app.handlers.load_pre.append(_forget_bars)
    manager = bpy.context.window_manager
    configs = manager.keyconfigs.addon if manager else None
    if configs is not None:  # there is none without a window
        keymap = configs.keymaps.new(name="Window", space_type="EMPTY")
        _keys.append((keymap, keymap.keymap_items.new(CANCEL, "ESC", "PRESS")))


def unregister() -> None:
    """Take all of it away."""
    for keymap, item in _keys:
        keymap.keymap_items.remove(item)
    _keys.clear()
    if bpy.app.timers.is_registered(_redraw):
        bpy.app.timers.unregister(_redraw)
    bpy.app.handlers.load_pre.remove(_forget_bars)
    bpy.types.STATUSBAR_HT_header.remove(draw_status)
    _bars.clear()
    _played.clear()
    del _manager.flamenco_sent
