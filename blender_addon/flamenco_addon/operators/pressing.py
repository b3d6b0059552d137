# SPDX-License-Identifier: GPL-3.0-or-later
"""Operators that talk to the farm, and those that are a button for one call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import bpy

from .. import runtime
from ..runtime import Runtime

INTERNAL: Any = {"INTERNAL"}


class NetworkOperator(bpy.types.Operator):
    """Talks to the farm, which the user may forbid."""

    bl_options = INTERNAL

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Whether that is allowed; Blender shows the reason at the button, and raises it in scripts."""
        why = runtime.barred()
        if why:
            tell: Any = cls.poll_message_set
            tell(why)
        return not why


class LocalOperator(bpy.types.Operator):
    """Does something here only."""

    bl_options = INTERNAL


def button(
    name: str, label: str, tip: str, press: Callable[[Runtime], object], base: type[bpy.types.Operator] = LocalOperator
) -> type[bpy.types.Operator]:
    """An operator that does one thing; `tip` is what Blender shows of it."""

    def execute(_self: bpy.types.Operator, _context: bpy.types.Context) -> set[str]:
        press(runtime.current())
        return {"FINISHED"}

    members = {"bl_idname": f"flamenco.{name}", "bl_label": label, "bl_description": tip, "execute": execute}
    return type(f"FLAMENCO_OT_{name}", (base,), members)
