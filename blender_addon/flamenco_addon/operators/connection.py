# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask the farm anew, and say what is wrong between here and there."""

from __future__ import annotations

from typing import Any

import bpy

from .. import runtime
from ..core.connection import Verdict, diagnose


class FLAMENCO_OT_refresh(bpy.types.Operator):
    """Ask the farm what it offers now"""

    bl_idname = "flamenco.refresh"
    bl_label = "Refresh"
    bl_options = {"INTERNAL"}

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Ask in the background."""
        runtime.current().connect()
        return {"FINISHED"}


class FLAMENCO_OT_test_connection(bpy.types.Operator):
    """Say whether the address, the token and the version of the farm are right"""

    bl_idname = "flamenco.test_connection"
    bl_label = "Test Connection"
    bl_options = {"INTERNAL"}

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Test in the background; without a window wait for it and report."""
        state = runtime.current()
        if bpy.app.background:
            self._report(diagnose(state.typed_account()))
        else:
            state.test()
        return {"FINISHED"}

    def _report(self, verdict: Verdict) -> None:
        runtime.current().judged(verdict)
        self.report({"INFO" if verdict.good else "WARNING"}, verdict.text)


CLASSES: tuple[type, ...] = (FLAMENCO_OT_refresh, FLAMENCO_OT_test_connection)
