# SPDX-License-Identifier: GPL-3.0-or-later
"""Sign in to a farm, and out of it. What is told stays in the user's config folder, for the owner's eyes only."""

from __future__ import annotations

from typing import Any

import bpy
from bpy.props import StringProperty
from flamenco_client.account import Account

from .. import runtime


class FLAMENCO_OT_sign_in(bpy.types.Operator):
    """Sign in with this address and token"""

    bl_idname = "flamenco.sign_in"
    bl_label = "Sign In"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Whether both fields are filled."""
        state = runtime.current()
        return bool(state.typed_address and state.typed_token)

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Try the account, and keep it if the farm knows it."""
        state = runtime.current()
        account = Account(state.typed_address, state.typed_token)
        state.typed_token = ""
        state.sign_in(account)
        return {"FINISHED"}


class FLAMENCO_OT_sign_in_browser(bpy.types.Operator):
    """Sign in on the farm's page in the web browser"""

    bl_idname = "flamenco.sign_in_browser"
    bl_label = "Sign In Through the Browser"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Whether there is an address."""
        return bool(runtime.current().typed_address)

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Begin, and wait in the background."""
        runtime.current().sign_in_by_browser(open_page)
        return {"FINISHED"}


class FLAMENCO_OT_open_sign_in(bpy.types.Operator):
    """Open the page in the web browser once more"""

    bl_idname = "flamenco.open_sign_in"
    bl_label = "Open the Page Again"
    bl_options = {"INTERNAL"}

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Open it."""
        started = runtime.current().browser
        if started is not None:
            open_page(started.url)
        return {"FINISHED"}


def open_page(url: str) -> None:
    """Show a page in the user's browser; `core.signing` has looked at where it leads."""
    bpy.ops.wm.url_open(url=url)


class FLAMENCO_OT_cancel_sign_in(bpy.types.Operator):
    """Do not sign in"""

    bl_idname = "flamenco.cancel_sign_in"
    bl_label = "Cancel"
    bl_options = {"INTERNAL"}

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Stop waiting."""
        runtime.current().stop_asking()
        return {"FINISHED"}


class FLAMENCO_OT_find_farm(bpy.types.Operator):
    """Look which farms are announced on this network"""

    bl_idname = "flamenco.find_farm"
    bl_label = "Find on the Network"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """One look at a time."""
        return not runtime.current().looking

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Look in the background."""
        runtime.current().find_farms()
        return {"FINISHED"}


class FLAMENCO_OT_choose_farm(bpy.types.Operator):
    """Sign in to this farm"""

    bl_idname = "flamenco.choose_farm"
    bl_label = "Choose Farm"
    bl_options = {"INTERNAL"}

    address: StringProperty(name="Address", options={"SKIP_SAVE"})

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Put its address into the form."""
        state = runtime.current()
        state.typed_address, state.found = self.address, None
        return {"FINISHED"}


class FLAMENCO_OT_sign_out(bpy.types.Operator):
    """Forget the token on this machine"""

    bl_idname = "flamenco.sign_out"
    bl_label = "Sign Out"
    bl_options = {"INTERNAL"}

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Forget it."""
        runtime.current().sign_out()
        return {"FINISHED"}


CLASSES: tuple[type, ...] = (
    FLAMENCO_OT_sign_in,
    FLAMENCO_OT_sign_in_browser,
    FLAMENCO_OT_open_sign_in,
    FLAMENCO_OT_cancel_sign_in,
    FLAMENCO_OT_find_farm,
    FLAMENCO_OT_choose_farm,
    FLAMENCO_OT_sign_out,
)
