# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done to jobs that are on the farm: in the background, or at once where there is no window.

`job` names the job; 0 is the one that is selected in the list, or the one that was submitted last.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import bpy
from bpy.props import EnumProperty, IntProperty, StringProperty
from flamenco_client.api import Client
from flamenco_client.errors import ClientError

from .. import runtime
from ..runtime import Runtime
from .pressing import LocalOperator, NetworkOperator, button

JOB = {"name": "Job", "description": "The job's number; 0: the selected one", "min": 0}
Call = Callable[[Client, int], Any]


def chosen(job: int) -> int:
    """The job that an operator is about. Raises `ClientError` if there is none."""
    state = runtime.current()
    found = job or state.jobs.selected or state.last_job
    if not found:
        raise ClientError("no job is selected")
    return found


def done(operator: bpy.types.Operator, error: ClientError | None) -> set[Any]:
    """An operator's result; what is wrong is reported as one sentence."""
    if error is None:
        return {"FINISHED"}
    operator.report({"ERROR"}, str(error))
    return {"CANCELLED"}


def act(operator: bpy.types.Operator, job: int, what: str, call: Call) -> set[Any]:
    """Do something to a job: in the background, or without a window at once."""
    state = runtime.current()
    try:
        number = chosen(job)
        if bpy.app.background:
            call(state.client(), number)
        else:
            state.jobs.act(what, number, call)
    except ClientError as error:
        return done(operator, error)
    return done(operator, None)


class JobOperator(NetworkOperator):
    """About a job; nothing can be done to it while something is being done."""

    job: IntProperty(**JOB)

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Whether nothing is being done."""
        return not runtime.current().jobs.acting and super().poll(context)


class FLAMENCO_OT_job_select(LocalOperator):
    """Show this job in whole, or close it"""

    bl_idname = "flamenco.job_select"
    bl_label = "Select Job"

    job: IntProperty(**JOB)

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """A second click closes it."""
        state = runtime.current()
        state.jobs.select(0 if self.job == state.jobs.selected else self.job)
        state.redraw()
        return {"FINISHED"}


def list_more(state: Runtime) -> None:
    """Change how many jobs are listed."""
    state.jobs.all_shown = not state.jobs.all_shown
    state.redraw()


class FLAMENCO_OT_job_cancel(JobOperator):
    """Cancel what is not rendered yet; frames that are done stay"""

    bl_idname = "flamenco.job_cancel"
    bl_label = "Cancel Job"

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[Any]:
        """Ask first."""
        manager: Any = context.window_manager
        return set(manager.invoke_confirm(self, event))

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Cancel."""
        return act(self, self.job, "Canceling", lambda client, job: client.cancel(job))


class FLAMENCO_OT_job_pause(JobOperator):
    """Begin no more frames of it until it is resumed"""

    bl_idname = "flamenco.job_pause"
    bl_label = "Pause Job"

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Pause."""
        return act(self, self.job, "Pausing", lambda client, job: client.pause(job))


class FLAMENCO_OT_job_resume(JobOperator):
    """Go on with it"""

    bl_idname = "flamenco.job_resume"
    bl_label = "Resume Job"

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Resume."""
        return act(self, self.job, "Resuming", lambda client, job: client.resume(job))


class FLAMENCO_OT_job_requeue(JobOperator):
    """Render again what failed, some frames, or all"""

    bl_idname = "flamenco.job_requeue"
    bl_label = "Render Again"

    what: EnumProperty(
        name="What",
        items=[
            ("FAILED", "What Failed", "Only what failed"),
            ("FRAMES", "Some Frames", "Chosen frames"),
            ("ALL", "All", "All of it"),
        ],
        options={"SKIP_SAVE"},
    )
    frames: StringProperty(name="Frames", description="Like 1-10 or 1,5,9-20", options={"SKIP_SAVE"})

    @classmethod
    def description(cls, context: bpy.types.Context, properties: Any) -> str:
        """Each button says what it does."""
        words = {"FAILED": "what failed", "FRAMES": "some frames", "ALL": "all of it, although it was rendered"}
        return f"Render {words.get(properties.what, 'it')} again"

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[Any]:
        """Ask before all is thrown away, and which frames."""
        manager: Any = context.window_manager
        if self.what == "FRAMES":
            return set(manager.invoke_props_dialog(self))
        if self.what == "ALL":
            return set(manager.invoke_confirm(self, event))
        return self.execute(context)

    def draw(self, context: bpy.types.Context) -> None:
        """The question for frames."""
        layout: Any = self.layout
        layout.prop(self, "frames")

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Requeue."""
        what, frames = self.what, self.frames
        if what == "FRAMES" and not frames.strip():
            return done(self, ClientError("say which frames, like 1-10"))

        def call(client: Client, job: int) -> Any:
            return client.requeue(job, failed=what == "FAILED", frames=frames if what == "FRAMES" else "")

        return act(self, self.job, "Queueing again", call)


class FLAMENCO_OT_job_open(LocalOperator):
    """Show the job in the browser, on the farm's dashboard"""

    bl_idname = "flamenco.job_open"
    bl_label = "Open in Browser"

    job: IntProperty(**JOB)

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Whether the farm told where its dashboard is."""
        return bool(dashboard())

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Open the page."""
        try:
            number = chosen(self.job)
        except ClientError as error:
            return done(self, error)
        opened: Any = bpy.ops.wm.url_open
        return set(opened(url=f"{dashboard()}/jobs/{number}"))


def dashboard() -> str:
    """The address of the farm's dashboard; empty if it is not known."""
    catalogue = runtime.current().catalogue
    return catalogue.dashboard if catalogue is not None else ""


CLASSES: tuple[type, ...] = (
    FLAMENCO_OT_job_select,
    button(
        "jobs_refresh",
        "Refresh My Jobs",
        "Ask the farm now how my jobs are",
        lambda state: state.jobs.ask_anew(),
        base=NetworkOperator,
    ),
    button("jobs_more", "More Jobs", "Show more of my jobs, or fewer", list_more),
    FLAMENCO_OT_job_cancel,
    FLAMENCO_OT_job_pause,
    FLAMENCO_OT_job_resume,
    FLAMENCO_OT_job_requeue,
    FLAMENCO_OT_job_open,
)
