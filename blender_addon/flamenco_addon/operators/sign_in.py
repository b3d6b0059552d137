# SPDX-License-Identifier: GPL-3.0-or-later
"""Sign in to a farm, and out of it. What is told stays in the user's config folder, for the owner's eyes only."""

from __future__ import annotations

from typing import Any

import bpy
from bpy.props import StringProperty
from flamenco_client.account import Account

from .. import runtime
from ..runtime import Runtime
from .pressing import LocalOperator, NetworkOperator, button
from .sending import pump_while


class FLAMENCO_OT_sign_in(NetworkOperator):
    """Sign in with this address and token"""

    bl_idname = "flamenco.sign_in"
    bl_label = "Sign In"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Whether both fields are filled."""
        state = runtime.current()
        return bool(state.typed_address and state.typed_token) and super().poll(context)

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Try the account, and keep it if the farm knows it."""
        state = runtime.current()
        account = Account(state.typed_address, state.typed_token)
        state.typed_token = ""
        state.sign_in(account)
        return {"FINISHED"}


class FLAMENCO_OT_sign_in_browser(NetworkOperator):
    """Sign in on the farm's page in the web browser"""

    bl_idname = "flamenco.sign_in_browser"
    bl_label = "Sign In Through the Browser"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Whether there is an address."""
        return bool(runtime.current().typed_address) and super().poll(context)

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Begin, and wait in the background."""
        runtime.current().sign_in_by_browser(open_page)
        return {"FINISHED"}


def open_page(url: str) -> None:
    """Show a page in the user's browser; `core.signing` has looked at where it leads."""
    bpy.ops.wm.url_open(url=url)


def open_again(state: Runtime) -> None:
    """Show the page that a sign-in waits for once more."""
    if state.browser is not None:
        open_page(state.browser.url)


class FLAMENCO_OT_find_farm(NetworkOperator):
    """Look which farms are announced on this network"""

    bl_idname = "flamenco.find_farm"
    bl_label = "Find on the Network"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """One look at a time."""
        return not runtime.current().looking and super().poll(context)

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Look in the background."""
        runtime.current().find_farms()
        return {"FINISHED"}


class FLAMENCO_OT_choose_farm(LocalOperator):
    """Sign in to this farm"""

    bl_idname = "flamenco.choose_farm"
    bl_label = "Choose Farm"

    address: StringProperty(name="Address", options={"SKIP_SAVE"})

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Put its address into the form."""
        state = runtime.current()
        state.typed_address, state.found = self.address, None
        return {"FINISHED"}


class FLAMENCO_OT_sign_out(LocalOperator):
    """Forget the token on this machine; if a sign-in through the browser made it, it ends at the farm as well"""

    bl_idname = "flamenco.sign_out"
    bl_label = "Sign Out"

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Forget it at once; without a window wait for the farm."""
        state = runtime.current()
        ending = state.sign_out()
        if bpy.app.background:
            pump_while(lambda: not ending.done)
            if state.problem:
                self.report({"WARNING"}, state.problem)
        return {"FINISHED"}


CLASSES: tuple[type, ...] = (
    FLAMENCO_OT_sign_in,
    FLAMENCO_OT_sign_in_browser,
    button("open_sign_in", "Open the Page Again", "Open the page in the web browser once more", open_again),
    button("cancel_sign_in", "Cancel", "Do not sign in", lambda state: state.stop_asking()),
    FLAMENCO_OT_find_farm,
    FLAMENCO_OT_choose_farm,
    FLAMENCO_OT_sign_out,
)
