# SPDX-License-Identifier: GPL-3.0-or-later
"""The add-on's preferences: who is signed in where. They keep nothing: the account is in the user's config folder."""

from __future__ import annotations

import bpy

from .. import runtime
from ..runtime import Connection
from . import account
from .drawing import guarded, sentence


def draw_preferences(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """The sign-in form, or who is signed in."""
    state = runtime.current()
    if account.draw_barred(layout, context):
        return
    if state.account.token:
        if state.connection is Connection.FAILED:
            account.draw_problem(layout, context)
        account.draw_farm(layout, context)
    else:
        account.draw_sign_in(layout, context)
    sentence(layout, context, "The panel is in the Output properties; Render > Render on Flamenco sends.", "INFO")


class FLAMENCO_AP_preferences(bpy.types.AddonPreferences):
    """Address, sign-in and test of the connection."""

    bl_idname = (__package__ or "").rpartition(".")[0]
    draw = guarded(draw_preferences)


CLASSES: tuple[type, ...] = (FLAMENCO_AP_preferences,)
