# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask the farm anew, and say what is wrong between here and there."""

from __future__ import annotations

from typing import Any

import bpy

from .. import runtime
from ..core.connection import Verdict, diagnose
from .pressing import NetworkOperator, button


class FLAMENCO_OT_test_connection(NetworkOperator):
    """Say whether the address, the token and the version of the farm are right"""

    bl_idname = "flamenco.test_connection"
    bl_label = "Test Connection"

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


CLASSES: tuple[type, ...] = (
    button(
        "refresh", "Refresh", "Ask the farm what it offers now", lambda state: state.connect(), base=NetworkOperator
    ),
    FLAMENCO_OT_test_connection,
)
