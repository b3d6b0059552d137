# SPDX-License-Identifier: GPL-3.0-or-later
"""The button "Render on Flamenco": what is open goes to the farm while the artist works on.

Only the state of what is open is taken on the main thread; all else happens in `core.sending`. There is no modal
operator: Blender saves no recovery file while one runs. Esc is a key of the Window keymap, which is asked last, so
that it cancels only when nothing else that Blender does wants it.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import bpy
from bpy.props import BoolProperty
from flamenco_client.api import Client
from flamenco_client.errors import ClientError
from flamenco_client.submit import Submission

from .. import runtime
from ..core.apart import submit_apart
from ..core.choices import chosen
from ..core.sending import Phase, Sending
from ..preflight import gate
from ..scene.saving import capture, refuse_unsaved
from ..ui.sending_view import watch
from .submit import blamed, folder, say, say_submitted

PUMP_SECONDS = 0.02


class FLAMENCO_OT_send(bpy.types.Operator):
    """Send this scene to the farm as it is now, unsaved changes included, and go on working"""

    bl_idname = "flamenco.send"
    bl_label = "Render on Flamenco"

    sure: BoolProperty(description="Nothing is checked any more", options={"HIDDEN", "SKIP_SAVE"})

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Check, which asks if need be, and begin; without a window, do it all."""
        try:
            if not bpy.app.background and not self.sure:
                submission_of()  # what can be refused at once is
                gate.look_first(context)
                return {"FINISHED"}
            if not self.sure:
                gate.pass_or_refuse(context)
            sending = begin(context)
            if bpy.app.background:
                finish(sending)
        except ClientError as error:
            self.report({"ERROR"}, blamed(error))
            return {"CANCELLED"}
        return {"FINISHED"}


class FLAMENCO_OT_cancel_sending(bpy.types.Operator):
    """Stop sending; the farm keeps no job of it"""

    bl_idname = "flamenco.cancel_sending"
    bl_label = "Cancel Sending"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Whether there is anything to cancel."""
        sending = runtime.current().sending
        return sending is not None and sending.active

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Stop."""
        sending = runtime.current().sending
        if sending is not None:
            sending.cancel()
        return {"FINISHED"}


def begin(context: bpy.types.Context) -> Sending:
    """Take the state of what is open, and start sending it. Raises a `ClientError`."""
    state = runtime.current()
    client, submission = submission_of()
    scene = context.scene
    assert scene is not None
    tellers = [listener(scene) for listener in state.submit_listeners]
    snapshot = capture(scene, always_copy=bpy.app.background and not submission.shared)

    def ended(sending: Sending) -> None:
        if sending.phase is Phase.DONE:
            state.last_job = int(sending.job["id"])
            for tell in tellers:
                tell(sending.job)
            say_submitted(sending.job)
        else:
            say(sending.line())
        watch()

    state.sending = Sending(client, snapshot, submission, ended, submit_apart)
    state.sending.start(state.background)
    watch()
    return state.sending


def submission_of() -> tuple[Client, Submission]:
    """Whom it is sent to, and what is chosen. Raises a `ClientError`."""
    state = runtime.current()
    if state.sending is not None and state.sending.active:
        raise ClientError("a job is being sent already; wait for its end, or cancel it")
    client = state.client()
    choice = chosen(state.choices, state.blend, state.catalogue)
    if choice.problems:
        raise ClientError(choice.problems[0])
    output = folder(choice.output) if choice.shared else None
    submission = replace(choice.submission(), root=folder(choice.root), output_root=output)
    if submission.shared:
        refuse_unsaved()
    return client, submission


def finish(sending: Sending) -> None:
    """Wait for the end: there is no window whose timer would. Raises `ClientError` if it failed."""
    state = runtime.current()
    while sending.active:
        state.background.pump()
        time.sleep(PUMP_SECONDS)
    if sending.phase is not Phase.DONE:
        raise ClientError(sending.line())


def unregister() -> None:
    """The add-on is disabled, or Blender ends."""
    sending = runtime.current().sending
    if sending is not None:
        sending.close()


CLASSES = (FLAMENCO_OT_send, FLAMENCO_OT_cancel_sending)
