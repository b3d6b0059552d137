# SPDX-License-Identifier: GPL-3.0-or-later
"""What is drawn of the account: the sign-in form, who is signed in where, what is wrong. For the panel and the preferences."""

from __future__ import annotations

import bpy

from .. import runtime
from ..core.signing import Started
from ..core.words import shortened
from ..runtime import Connection
from .drawing import sentence


def draw_barred(layout: bpy.types.UILayout, context: bpy.types.Context) -> bool:
    """Why the network may not be used, and where to allow it; gives whether that is so."""
    why = runtime.barred()
    if why:
        sentence(layout, context, why, "INTERNET_OFFLINE")
        if why == runtime.BARRED:
            layout.operator("extensions.userpref_show_online", text="Open the Preferences", icon="PREFERENCES")
    return bool(why)


def draw_sign_in(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """The sign-in form."""
    manager, state = context.window_manager, runtime.current()
    if state.browser is not None:
        draw_code(layout, context, state.browser)
        return
    if state.connection is Connection.CONNECTING:
        draw_connecting(layout)
        return
    sentence(layout, context, "Sign in to your studio's render farm", "URL")
    if state.problem:
        sentence(layout, context, state.problem, "ERROR")
    row = layout.row(align=True)
    row.prop(manager, "flamenco_address")
    row.operator("flamenco.find_farm", text="", icon="VIEWZOOM")
    draw_found(layout)
    row = layout.row()
    row.scale_y = 1.5
    row.operator("flamenco.sign_in_browser", icon="WINDOW")
    layout.separator()
    layout.prop(manager, "flamenco_token")
    column = layout.column(align=True)
    column.operator("flamenco.sign_in", text="Sign In with the Token", icon="CHECKMARK")
    column.operator("flamenco.test_connection", icon="LINKED")
    draw_verdict(layout, context)


def draw_found(layout: bpy.types.UILayout) -> None:
    """The farms that were found on the network, to choose from."""
    state = runtime.current()
    if state.found is None:
        return
    column = layout.column(align=True)
    if state.looking:
        column.label(text="Looking on the network …", icon="SORTTIME")
    elif not state.found:
        column.label(text="No farm is announced on this network", icon="INFO")
    for farm in state.found:
        text = shortened(f"{farm.name}  {farm.address}", 80)
        column.operator("flamenco.choose_farm", text=text, icon="URL", translate=False).address = farm.address


def draw_code(layout: bpy.types.UILayout, context: bpy.types.Context, started: Started) -> None:
    """What a person needs to say yes in the browser."""
    box = layout.box()
    sentence(box, context, "Say yes in the browser if it shows this code:", "WINDOW")
    row = box.row()
    row.scale_y = 2.0
    row.alignment = "CENTER"
    row.label(text=" ".join(started.user_code), translate=False)
    sentence(box, context, started.url, "URL")
    column = box.column(align=True)
    column.operator("flamenco.open_sign_in", icon="URL")
    column.operator("flamenco.cancel_sign_in", icon="X")


def draw_problem(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """What is wrong between here and the farm, and what to do about it."""
    box = layout.box()
    sentence(box, context, runtime.current().problem or "The farm does not answer", "ERROR")
    row = box.row(align=True)
    row.operator("flamenco.refresh", text="Try Again", icon="FILE_REFRESH")
    row.operator("flamenco.sign_out", icon="X")


def draw_connecting(layout: bpy.types.UILayout) -> None:
    """The farm is being asked."""
    row = layout.row()
    row.label(text=f"Asking {shortened(runtime.current().asked, 60)} …", icon="SORTTIME", translate=False)
    row.operator("flamenco.cancel_sign_in", text="", icon="X")


def draw_farm(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Who is signed in where."""
    state = runtime.current()
    found = state.catalogue
    column = layout.column(align=True)
    column.label(text=shortened(state.account.address, 80), icon="URL", translate=False)
    if found is not None:
        column.label(text=shortened(f"{found.user}, {found.role}", 80), icon="USER", translate=False)
        column.label(text=shortened(f"Flamenco {found.version}", 80), icon="INFO", translate=False)
    column = layout.column(align=True)
    column.operator("flamenco.test_connection", icon="LINKED")
    column.operator("flamenco.sign_out", icon="X")
    draw_verdict(layout, context)


def draw_verdict(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """What the last test of the connection found."""
    verdict = runtime.current().verdict
    if verdict is not None:
        sentence(layout, context, verdict.text, "CHECKMARK" if verdict.good else "ERROR")
