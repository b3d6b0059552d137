# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring a job's results to where the scene itself would have written them, and show them.

`bpy.ops.flamenco.job_fetch(job=12)` waits until they are there when Blender runs without a window.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy
from bpy.props import BoolProperty, EnumProperty, IntProperty, StringProperty
from flamenco_client.api import Client
from flamenco_client.errors import ClientError, NotFound, Unreachable
from flamenco_client.submit import safe_folder

from .. import runtime
from ..core.bringing import Brought, Policy, alone, bring
from ..core.destination import Destination
from ..core.following import ACTIVE
from ..core.forms import text
from ..core.notes import Note, Notes
from ..core.results import policy_of
from ..core.shown import Shown, results_of
from ..scene.destinations import destination_of
from .job_actions import JOB, chosen, done

POLL_SECONDS = 0.5
AWAY_SECONDS = 300.0  # the server may be away for so long while a script waits
OPEN = (*ACTIVE, "paused")
POLICIES = [
    ("ask", "Ask", "Leave them, and tell"),
    ("overwrite", "Overwrite", "Replace them with the farm's"),
    ("keep", "Keep Both", "Bring all of this job's results to a folder of its own, beside them"),
    ("skip", "Skip", "Leave them, and bring the others"),
]
WORDS = {"IMAGE_EDITOR": "an image editor", "SEQUENCE_EDITOR": "a sequencer"}
RESULTS_SCENE = "Flamenco Results"


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


class FLAMENCO_OT_job_fetch(bpy.types.Operator):
    """Bring the results to the scene's own output folder"""

    bl_idname = "flamenco.job_fetch"
    bl_label = "Bring Results"
    bl_options = {"INTERNAL"}

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
        with alone(notes, number) as progress:
            for _ in endings(client, number) if self.wait else (True,):
                brought = bring(client, note, policy=Policy(self.policy), progress=progress)
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
    heard = time.monotonic()
    while True:
        try:
            job = client.job(number)
        except Unreachable:
            if time.monotonic() - heard > AWAY_SECONDS:
                raise
        else:
            heard, ended, completed = time.monotonic(), job["state"] not in OPEN, int(job["counts"]["completed"])
            if ended or completed != before:
                before = completed
                yield ended
            if ended:
                return
        time.sleep(POLL_SECONDS)


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


class FLAMENCO_OT_job_settle(bpy.types.Operator):
    """Say what to do with other files that are there already"""

    bl_idname = "flamenco.job_settle"
    bl_label = "Files that Are There"
    bl_options = {"INTERNAL"}

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


class FLAMENCO_OT_job_automatic(bpy.types.Operator):
    """Bring the results back by themselves, frame by frame as they are rendered"""

    bl_idname = "flamenco.job_automatic"
    bl_label = "Bring Back Automatically"
    bl_options = {"INTERNAL"}

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


class FLAMENCO_OT_job_fetch_cancel(bpy.types.Operator):
    """Stop bringing these results"""

    bl_idname = "flamenco.job_fetch_cancel"
    bl_label = "Stop"
    bl_options = {"INTERNAL"}

    job: IntProperty(**JOB)

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """What is there stays."""
        runtime.current().results.cancel(self.job)
        return {"FINISHED"}


# ---- showing ----


class FLAMENCO_OT_job_show(bpy.types.Operator):
    """Show the frames that are here in an image editor"""

    bl_idname = "flamenco.job_show"
    bl_label = "Show Result"
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}

    job: IntProperty(**JOB)
    where: EnumProperty(
        name="Where",
        items=[
            ("IMAGE", "Image Editor", "Show the frames in an image editor"),
            ("SEQUENCER", "Sequencer", f"Make a scene {RESULTS_SCENE!r} in this file, with the frames as a strip"),
            ("PLAYER", "Player", "Play the video, or the frames, in another window"),
            ("FOLDER", "Folder", "Open the folder"),
        ],
        options={"SKIP_SAVE"},
    )

    @classmethod
    def description(cls, context: bpy.types.Context, properties: Any) -> str:
        """Each button says what it does."""
        words = {
            "IMAGE": "Show the frames that are here in an image editor",
            "SEQUENCER": f"Make a scene {RESULTS_SCENE!r} in this file, with the frames as a strip in its sequencer",
            "PLAYER": "Play the video in the player of this machine",
            "FOLDER": "Open the folder that the results are in",
        }
        return words[properties.where]

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[Any]:
        """A scene is made only when it is asked for once more."""
        if self.where == "SEQUENCER" and RESULTS_SCENE not in bpy.data.scenes:
            manager: Any = context.window_manager
            return set(manager.invoke_props_dialog(self, width=360))
        return self.execute(context)

    def draw(self, context: bpy.types.Context) -> None:
        """The question."""
        layout: Any = self.layout
        layout.label(text=f"This makes a scene {RESULTS_SCENE!r} in this file", icon="SCENE_DATA", translate=False)

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Show it."""
        try:
            self._show(context, shown(chosen(self.job)))
        except ClientError as error:
            return done(self, error)
        return done(self, None)

    def _show(self, context: bpy.types.Context, found: Shown) -> None:
        if self.where == "SEQUENCER":
            show_strips(context, found)
        elif self.where == "IMAGE" and found.frames:
            show_pictures(context, found)
        else:
            open_outside(found.folder if self.where == "FOLDER" or not found.videos else found.videos[0])


def shown(job: int) -> Shown:
    """What of a job is here to be looked at. Raises `ClientError` if nothing is."""
    state = runtime.current()
    notes = state.jobs.notes or Notes(state.account.address)
    note, detail = notes.read(job), state.jobs.details.get(job)
    root = detail.output_root if detail is not None and detail.storage == "shared" else ""
    found = results_of(note, Path(root) if root else None)
    if found is None:
        raise ClientError(f"nothing of job {job} is here yet: bring its results first")
    return found


def open_outside(path: Path) -> None:
    """Open a file or folder with what the system has for it. Raises `ClientError`."""
    opened: Any = bpy.ops.wm.path_open
    try:
        opened(filepath=str(path))
    except RuntimeError as error:
        raise ClientError(f"{path} cannot be opened: {str(error).removeprefix('Error: ').strip()}") from error


def show_pictures(context: bpy.types.Context, found: Shown) -> None:
    """A still, or the frames as a sequence, in an image editor. Raises `ClientError`."""
    image = loaded(found.frames[min(found.frames)])
    area = editor(context, "IMAGE_EDITOR")
    first, last = min(found.frames), max(found.frames)
    if last > first:
        image.source = "SEQUENCE"
    if area is None:  # without a window the picture is loaded, and that is all
        return
    space: Any = area.spaces.active
    space.image = image
    if last > first:
        user = space.image_user
        user.frame_start, user.frame_offset, user.frame_duration = first, first - 1, last - first + 1
        user.use_auto_refresh = user.use_cyclic = True  # a picture whatever the scene's current frame is
    area.tag_redraw()


def loaded(path: Path) -> bpy.types.Image:
    """A picture in this file, as it is on disk now. Raises `ClientError`."""
    try:
        image = bpy.data.images.load(str(path), check_existing=True)
    except RuntimeError as error:
        raise ClientError(f"{path} cannot be read as a picture") from error
    image.reload()
    return image


def show_strips(context: bpy.types.Context, found: Shown) -> None:
    """The frames, or the video, as a strip in the sequencer of the results' scene."""
    scene = bpy.data.scenes.get(RESULTS_SCENE) or results_scene(context)
    editor_: Any = scene.sequence_editor or scene.sequence_editor_create()
    strips = editor_.strips if hasattr(editor_, "strips") else editor_.sequences  # 4.4 and later | before
    channel = 1 + max((strip.channel for strip in strips), default=0)
    if found.frames:
        numbers = sorted(found.frames)
        strip = strips.new_image(found.name, str(found.frames[numbers[0]]), channel, numbers[0])
        for number in numbers[1:]:
            strip.elements.append(found.frames[number].name)
        scene.frame_start, scene.frame_end = max(0, numbers[0]), max(0, numbers[0] + len(numbers) - 1)
    else:
        strip = strips.new_movie(found.name, str(found.videos[0]), channel, 1)
        scene.frame_start, scene.frame_end = 1, max(1, int(strip.frame_final_duration))
    scene.frame_current = scene.frame_start
    area = editor(context, "SEQUENCE_EDITOR")
    if area is not None:
        manager: Any = context.window_manager
        window = next(each for each in manager.windows if area in tuple(each.screen.areas))
        window.scene = scene
        if hasattr(window.workspace, "sequencer_scene"):  # 5.0 and later
            window.workspace.sequencer_scene = scene
        area.spaces.active.view_type = "SEQUENCER_PREVIEW"


def results_scene(context: bpy.types.Context) -> bpy.types.Scene:
    """A fresh scene of the size and speed of the one that is open."""
    scene = bpy.data.scenes.new(RESULTS_SCENE)
    source = context.scene
    if source is not None:
        for name in ("resolution_x", "resolution_y", "resolution_percentage", "fps", "fps_base"):
            setattr(scene.render, name, getattr(source.render, name))
    view: Any = scene.view_settings
    view.view_transform = "Standard"  # the frames have their look already
    return scene


def editor(context: bpy.types.Context, kind: str) -> Any:
    """An area of that kind: one that is open, else in a window of its own; None without any window.

    Raises `ClientError` if there is neither.
    """
    manager: Any = context.window_manager
    if bpy.app.background or not manager.windows:
        return None
    for window in manager.windows:
        for area in window.screen.areas:
            if area.type == kind:
                return area
    opened: Any = bpy.ops.screen.area_dupli  # wm.window_new refuses while an area is maximized
    before = len(manager.windows)
    with contextlib.suppress(RuntimeError):
        opened("INVOKE_DEFAULT")
    if len(manager.windows) == before:
        raise ClientError(f"Blender opens no window: open {WORDS[kind]} yourself, and try again")
    area = manager.windows[-1].screen.areas[0]
    area.type = kind
    return area


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
    FLAMENCO_OT_job_show,
)
