# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring a job's results to where the scene itself would have written them.

`bpy.ops.flamenco.job_fetch(job=12)` waits until they are there when Blender runs without a window.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy
from bpy.props import BoolProperty, EnumProperty, IntProperty, StringProperty
from flamenco_client.api import Client
from flamenco_client.errors import ClientError, NotFound
from flamenco_client.submit import safe_folder

from .. import runtime
from ..core.bringing import Brought, Policy, alone, bring
from ..core.destination import Destination
from ..core.forms import text
from ..core.jobs import ACTIVE
from ..core.notes import Note, Notes
from ..core.results import policy_of
from ..core.waiting import polled
from ..scene.destinations import destination_of
from .job_actions import JOB, chosen, done
from .pressing import LocalOperator, NetworkOperator

OPEN = (*ACTIVE, "paused")
POLICIES = [
    ("ask", "Ask", "Leave them, and tell"),
    ("overwrite", "Overwrite", "Replace them with the farm's"),
    ("keep", "Keep Both", "Bring all of this job's results to a folder of its own, beside them"),
    ("skip", "Skip", "Leave them, and bring the others"),
]


# ---- what is remembered of a job that is sent ----


def remember(scene: bpy.types.Scene) -> Callable[[Mapping[str, Any]], None]:
    """Note where a scene's results belong while it is sent; tell it of the job once there is one."""
    state = runtime.current()
    folder = str(state.choices.known(state.blend, "output"))
    root = str(state.choices.known(state.blend, "root"))
    automatic = bool(state.choices.known(state.blend, "automatic")) and not bpy.app.background
    where = destination_of(scene, folder)
    where = replace(where, root=bpy.path.abspath(root) if root else "")

    def tell(job: Mapping[str, Any]) -> None:
        folder = where.folder or str(unknown_folder(job))
        shared = job.get("storage") == "shared"  # the frames lie where everybody sees them
        runtime.current().job_sent(Note(int(job["id"]), replace(where, folder=folder), automatic and not shared))

    return tell


def unknown_folder(job: Mapping[str, Any]) -> Path:
    """Where results go if the scene does not say, as its file was never saved: named after the job, in the home."""
    return Path.home() / "Flamenco" / safe_folder(text(job.get("name"))[:100])


# ---- bringing ----


class FLAMENCO_OT_job_fetch(NetworkOperator):
    """Bring the results to the scene's own output folder"""

    bl_idname = "flamenco.job_fetch"
    bl_label = "Bring Results"

    job: IntProperty(**JOB)
    directory: StringProperty(
        name="Folder", subtype="DIR_PATH", description="Bring them to this folder; empty: where the scene says",
        options={"SKIP_SAVE"},
    )  # fmt: skip
    policy: EnumProperty(
        name="Files that Are There", items=POLICIES, description="What to do with other files of the same names"
    )
    wait: BoolProperty(name="Wait", description="Without a window: wait until the job ends", options={"SKIP_SAVE"})

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[Any]:
        """Ask where to, if this machine does not know."""
        try:
            number = chosen(self.job)
        except ClientError as error:
            return done(self, error)
        if self.directory or runtime.current().jobs.note(number) is not None:
            return self.execute(context)
        manager: Any = context.window_manager
        manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """In the background; without a window at once."""
        state = runtime.current()
        try:
            number = chosen(self.job)
            if bpy.app.background:
                self._fetch(number)
                return done(self, None)
            note = self._note(number, state.jobs.note(number))
            if note is None:
                raise ClientError("this job was not sent from this machine: say which folder its results belong to")
            state.jobs.keep(note)
            state.results.start(number, Policy(self.policy))
        except ClientError as error:
            return done(self, error)
        return done(self, None)

    def _note(self, number: int, known: Note | None) -> Note | None:
        if not self.directory:
            return known
        where = Destination(folder=str(Path(bpy.path.abspath(self.directory)).absolute()), blend=str(bpy.data.filepath))
        if known is not None:
            where = replace(known.destination, folder=where.folder)
        return Note(number, where, automatic=False)

    def _fetch(self, number: int) -> None:
        client = runtime.current().client()
        notes = Notes(client.address)
        note = self._note(number, notes.read(number)) or here(client, number)
        new: list[Path] = []
        brought = Brought(Path(note.destination.folder))
        with alone(notes, number):
            for _ in endings(client, number) if self.wait else (True,):
                brought = bring(client, note, policy=Policy(self.policy))
                new += brought.new
                notes.write(note)
        brought.new = new
        sys.stdout.write(f"Flamenco: {brought.sentence()}\n")
        sys.stdout.flush()
        if brought.held:
            raise ClientError(brought.sentence() + "; say policy='overwrite', 'keep' or 'skip'")


def endings(client: Client, number: int) -> Iterator[bool]:
    """Whether a job has ended, whenever more of it is done, until it has; the server may be away now and then."""
    before = -1
    for job in polled(client, number):
        ended, completed = job["state"] not in OPEN, int(job["counts"]["completed"])
        if ended or completed != before:
            before = completed
            yield ended
        if ended:
            return


def here(client: Client, number: int) -> Note:
    """A note for a job that was sent from elsewhere, if its .blend is open here. Raises `NotFound`."""
    job = client.job(number)
    name, blend = str(job.get("blend") or "").split("/")[-1], str(bpy.data.filepath)
    values = job.get("scene")
    scene = bpy.data.scenes.get(str(values.get("scene"))) if isinstance(values, Mapping) else None
    if not name or Path(blend).name != name or scene is None:
        raise NotFound(
            f"job {number} was not sent from this machine, and its .blend is not open: say directory='…', "
            "the folder that its results belong to"
        )
    where = destination_of(scene)
    return Note(number, replace(where, folder=where.folder or str(unknown_folder(job))), automatic=False)


class FLAMENCO_OT_job_settle(LocalOperator):
    """Say what to do with other files that are there already"""

    bl_idname = "flamenco.job_settle"
    bl_label = "Files that Are There"

    job: IntProperty(**JOB)
    policy: EnumProperty(name="Do", items=POLICIES, options={"SKIP_SAVE"})

    @classmethod
    def description(cls, context: bpy.types.Context, properties: Any) -> str:
        """Each button says what it does."""
        return next(text for name, _, text in POLICIES if name == properties.policy)

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Remember the answer for this job, and bring what waited for it."""
        state = runtime.current()
        note = state.jobs.note(self.job)
        if note is not None:
            note.policy = self.policy
            state.jobs.keep(note)
            state.results.start(self.job, policy_of(note))
        return {"FINISHED"}


class FLAMENCO_OT_job_automatic(LocalOperator):
    """Bring the results back by themselves, frame by frame as they are rendered"""

    bl_idname = "flamenco.job_automatic"
    bl_label = "Bring Back Automatically"

    job: IntProperty(**JOB)

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Tick it, or not."""
        state = runtime.current()
        note = state.jobs.note(self.job)
        if note is not None:
            note.automatic = not note.automatic
            state.jobs.keep(note)
            state.results.news()
            state.expect_jobs()
        return {"FINISHED"}


class FLAMENCO_OT_job_fetch_cancel(LocalOperator):
    """Stop bringing these results"""

    bl_idname = "flamenco.job_fetch_cancel"
    bl_label = "Stop"

    job: IntProperty(**JOB)

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """What is there stays."""
        runtime.current().results.cancel(self.job)
        return {"FINISHED"}


def register() -> None:
    """Hear of jobs that are sent, and of the farm when it answers."""
    state = runtime.current()
    state.submit_listeners.append(remember)
    if not bpy.app.background:
        state.catalogue_listeners.append(lambda: state.jobs.awaken(state.expect_jobs))


CLASSES: tuple[type, ...] = (
    FLAMENCO_OT_job_fetch,
    FLAMENCO_OT_job_settle,
    FLAMENCO_OT_job_automatic,
    FLAMENCO_OT_job_fetch_cancel,
)
