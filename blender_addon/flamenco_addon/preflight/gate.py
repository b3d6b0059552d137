# SPDX-License-Identifier: GPL-3.0-or-later
"""Between the button and the farm: errors block, warnings ask."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import bpy
from flamenco_client.errors import ClientError
from flamenco_client.submit import Submission

from .. import runtime
from ..core.catalogue import Catalogue, fetch_catalogue
from ..core.words import counted
from . import here, running
from .findings import Finding, asking, blocking
from .operators import check
from .panel import draw_question

ASK_SECONDS = 10.0  # the farm has to say what it has
WIDTH = 520  # of the dialog, in points


class FLAMENCO_OT_send_anyway(bpy.types.Operator):
    """Send the job although there are warnings"""

    bl_idname = "flamenco.send_anyway"
    bl_label = "Render on Flamenco"
    bl_options = {"INTERNAL"}

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[Any]:
        """Ask."""
        manager: Any = context.window_manager
        more = {"confirm_text": "Send"} if bpy.app.version >= (4, 1) else {}
        return set(manager.invoke_props_dialog(self, width=WIDTH, **more))

    def draw(self, _context: bpy.types.Context) -> None:
        """What is to be answered."""
        layout: Any = self.layout
        draw_question(layout, runtime.current().findings or [], WIDTH)

    def execute(self, _context: bpy.types.Context) -> set[Any]:
        """Somebody said yes; what was mended meanwhile was checked again, and errors may have come."""
        operators: Any = bpy.ops
        return set(operators.flamenco.send(sure=not blocking(runtime.current().findings or [])))


def look_first(context: bpy.types.Context) -> None:
    """Ask the farm what it has now, and check, both in the background of a window; then send, ask, or say why not."""
    state, window = runtime.current(), context.window
    client = state.client()

    def look() -> None:
        state.asking_first = None
        with bpy.context.temp_override(window=still_there(window)):
            scene = bpy.context.scene
            assert scene is not None
            check(here.subject(scene), heard)

    def heard(findings: list[Finding]) -> None:
        with bpy.context.temp_override(window=still_there(window)):
            go_on(findings)

    def done(catalogue: Catalogue) -> None:
        if state.asking_first is asking:
            state.connected(catalogue)
            look()

    def failed(sentence: str) -> None:
        """What was known of the farm has to do; sending waits for it, and says so."""
        if state.asking_first is asking:
            state.failed(sentence)
            look()

    if state.asking_first is not None:
        state.asking_first.cancel()
    asking = state.background.start("ask first", lambda _: fetch_catalogue(client), done, failed, seconds=ASK_SECONDS)
    state.asking_first = asking
    state.redraw()


def still_there(window: bpy.types.Window | None) -> bpy.types.Window:
    """The window, or another one if it was closed meanwhile."""
    manager: Any = bpy.context.window_manager
    windows: list[bpy.types.Window] = list(manager.windows)
    return window if window is not None and window in windows else windows[0]


def go_on(findings: Sequence[Finding]) -> None:
    """What follows from what was found."""
    operators: Any = bpy.ops
    if blocking(findings):
        operators.flamenco.cannot_send("INVOKE_DEFAULT")
    elif asking(findings):
        operators.flamenco.send_anyway("INVOKE_DEFAULT")
    else:
        operators.flamenco.send(sure=True)


class FLAMENCO_OT_cannot_send(bpy.types.Operator):
    """What keeps the job from being sent"""

    bl_idname = "flamenco.cannot_send"
    bl_label = "This Cannot Be Sent Yet"
    bl_options = {"INTERNAL"}

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[Any]:
        """Show it."""
        manager: Any = context.window_manager
        return set(manager.invoke_popup(self, width=WIDTH))

    def draw(self, _context: bpy.types.Context) -> None:
        """All findings, with their buttons."""
        layout: Any = self.layout
        draw_question(layout, runtime.current().findings or [], WIDTH)

    def execute(self, _context: bpy.types.Context) -> set[Any]:
        """Nothing more."""
        return {"FINISHED"}


def refusal(findings: Sequence[Finding]) -> str:
    """Why a job is not sent, in one sentence."""
    errors = blocking(findings) or asking(findings)
    more = f" (and {counted(len(errors) - 1, 'other thing')})" if len(errors) > 1 else ""
    return f"{errors[0].text}{more}"


def pass_or_refuse(
    context: bpy.types.Context, submission: Submission | None = None, *, ignore_warnings: bool = True
) -> list[Finding]:
    """Check at once, for scripts; gives what was found, the notes left out. Raises `ClientError` if it blocks the job."""
    assert context.scene is not None
    job = here.from_submission(submission) if submission is not None else None
    findings = running.run(here.subject(context.scene, job))
    runtime.current().findings = findings
    if blocking(findings) or (asking(findings) and not ignore_warnings):
        raise ClientError(refusal(findings))
    return asking(findings)


CLASSES = (FLAMENCO_OT_send_anyway, FLAMENCO_OT_cannot_send)
