# SPDX-License-Identifier: GPL-3.0-or-later
"""Sign in to a farm, and out of it. What is told stays in the user's config folder, for the owner's eyes only."""

from __future__ import annotations

from typing import Any

import bpy
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


class FLAMENCO_OT_sign_out(bpy.types.Operator):
    """Forget the token on this machine"""

    bl_idname = "flamenco.sign_out"
    bl_label = "Sign Out"
    bl_options = {"INTERNAL"}

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Forget it."""
        runtime.current().sign_out()
        return {"FINISHED"}


CLASSES: tuple[type, ...] = (FLAMENCO_OT_sign_in, FLAMENCO_OT_sign_out)
