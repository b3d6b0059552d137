"""Video edits: pictures of the sequencer and its sound."""

from __future__ import annotations

import contextlib
import shutil
from typing import Any

from .rows import row
from .stage import Stage

with contextlib.suppress(ImportError):
    import bpy


@row("Video edit: pictures, a movie, a scene, a fade and sound", type="video")
def edit_with_sound(stage: Stage) -> None:
    scene = stage.simple()
    inner = scene
    inner.name = "Inner"
    edit = bpy.data.scenes.new("Edit")
    bpy.context.window.scene = edit
    edit.render.resolution_x, edit.render.resolution_y, edit.render.resolution_percentage = 32, 24, 100
    edit.frame_start, edit.frame_end = 1, 12
    edit.use_fake_user = inner.use_fake_user = True
    stage.save()
    for name in ("clip.mp4", "tone.wav"):
        shutil.copyfile(stage.media / name, stage.folder / name)
    strips = strips_of(edit)
    for number in range(1, 5):
        stage.picture(stage.folder / "plates" / f"p_{number:04}.png", number)
    pictures = strips.new_image("plates", str(stage.folder / "plates" / "p_0001.png"), 1, 1)
    for number in range(2, 5):
        pictures.elements.append(f"p_{number:04}.png")
    strips.new_movie("clip", str(stage.folder / "clip.mp4"), 1, 5)
    strips.new_scene("inner", inner, 1, 9).frame_final_duration = 4
    strips.new_sound("tone", str(stage.folder / "tone.wav"), 2, 1).sound.filepath = "//tone.wav"


@row("Video edit, rendered as frames", settings={"sequencer": "on"})
def edit_as_frames(stage: Stage) -> None:
    scene = stage.fresh()
    strips = strips_of(scene)
    stage.save()
    picture = stage.picture(stage.folder / "plates" / "one.png", 1)
    strips.new_image("one", str(picture), 1, 1).frame_final_duration = 2
    other = stage.picture(stage.folder / "plates" / "two.png", 2)
    strips.new_image("two", str(other), 2, 2)
    scene.frame_end = 2


def strips_of(scene: Any) -> Any:
    """The strips of a new edit; 4.4 renamed them."""
    editor = scene.sequence_editor_create()
    return editor.strips if hasattr(editor, "strips") else editor.sequences
