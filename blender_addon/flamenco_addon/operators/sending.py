# SPDX-License-Identifier: GPL-3.0-or-later
"""The button "Render on Flamenco": what is open goes to the farm while the artist works on.

Only the state of what is open is taken on the main thread; all else happens in `core.sending`. There is no modal
operator: Blender saves no recovery file while one runs. Esc is a key of the Window keymap, which is asked last, so
that it cancels only when nothing else that Blender does wants it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
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
from ..preflight.gate import look_first, pass_or_refuse
from ..runtime import Connection
from ..scene.saving import capture, refuse_unsaved
from ..ui.sending_view import just_played, watch
from .submit import blamed, folder, say, say_submitted

PUMP_SECONDS = 0.02


class FLAMENCO_OT_send(bpy.types.Operator):
    """Send this scene to the farm as it is now, unsaved changes included, and go on working"""

    bl_idname = "flamenco.send"
    bl_label = "Render on Flamenco"

    sure: BoolProperty(description="Nothing is checked any more", options={"HIDDEN", "SKIP_SAVE"})

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Check and send; what is wrong is told in a sentence. Without a window it is all done at the return."""
        try:
            if bpy.app.background:
                send_at_once(context)
            elif self.sure:
                begin(context)
            else:
                prepare()
                look_first(context)
        except ClientError as error:
            if self.sure:  # whoever called this shows nothing of what it reports
                tell(context, blamed(error))
            else:
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

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[Any]:
        """By the key: one that stopped the playback of an animation was meant for that only."""
        if event.type == "ESC" and just_played():
            return {"PASS_THROUGH"}
        return self.execute(context)

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Stop."""
        sending = runtime.current().sending
        if sending is not None:
            sending.cancel()
        return {"FINISHED"}


def tell(context: bpy.types.Context, text: str) -> None:
    """Show a sentence at the mouse."""
    manager: Any = context.window_manager
    manager.popup_menu(lambda menu, _: menu.layout.label(text=text), title="The Job Is Not Sent", icon="ERROR")
    say(text)


def prepare() -> tuple[Client, Submission]:
    """What is chosen, as it can be sent. Raises `ClientError` if it cannot."""
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


def begin(context: bpy.types.Context) -> Sending:
    """Take the state of what is open, and start sending it. Raises a `ClientError`."""
    state, (client, submission) = runtime.current(), prepare()
    scene = context.scene
    assert scene is not None
    tellers = [listener(scene) for listener in state.submit_listeners]
    snapshot = capture(scene, always_copy=bpy.app.background and not submission.shared)

    def ended(sending: Sending) -> None:
        if sending.phase is Phase.DONE:
            state.last_job = int(sending.job["id"])
            for teller in tellers:
                teller(sending.job)
            say_submitted(sending.job)
        else:
            say(sending.line())
        watch()

    state.sending = Sending(client, snapshot, submission, ended, submit_apart)
    state.sending.start(state.background)
    watch()
    return state.sending


def send_at_once(context: bpy.types.Context) -> None:
    """All of it, for scripts. Raises a `ClientError`."""
    state = runtime.current()
    if state.catalogue is None and state.account.token:  # the settings of job types are known by it
        state.connect()
        pump_while(lambda: state.connection is Connection.CONNECTING)
    _, submission = prepare()
    for finding in pass_or_refuse(context, submission):
        say(f"warning: {finding.text}")
    finish(begin(context))


def finish(sending: Sending) -> None:
    """Wait for the end. Raises `ClientError` if it failed."""
    pump_while(lambda: sending.active)
    if sending.phase is not Phase.DONE:
        raise ClientError(sending.line())


def pump_while(condition: Callable[[], bool]) -> None:
    """Do what the timer of a window would do."""
    while condition():
        runtime.current().background.pump()
        time.sleep(PUMP_SECONDS)


def unregister() -> None:
    """The add-on is disabled, or Blender ends."""
    sending = runtime.current().sending
    if sending is not None:
        sending.close()


CLASSES = (FLAMENCO_OT_send, FLAMENCO_OT_cancel_sending)
