# SPDX-License-Identifier: GPL-3.0-or-later
"""Show what of a job's results is here: in an image editor, in a sequencer, or outside of Blender."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
from bpy.props import EnumProperty, IntProperty
from flamenco_client.errors import ClientError

from .. import runtime
from ..core.notes import Notes
from ..core.shown import Shown, results_of
from ..ui.areas import open_area
from .job_actions import JOB, chosen, done

WORDS = {"IMAGE_EDITOR": "an image editor", "SEQUENCE_EDITOR": "a sequencer"}
RESULTS_SCENE = "Flamenco Results"


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
    area = open_area(context)
    if area is None:
        raise ClientError(f"Blender opens no window: open {WORDS[kind]} yourself, and try again")
    area.type = kind
    return area


CLASSES: tuple[type, ...] = (FLAMENCO_OT_job_show,)
