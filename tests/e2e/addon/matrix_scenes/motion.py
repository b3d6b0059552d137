"""What moves: drivers, time between frames, time remapped."""

from __future__ import annotations

import contextlib
from typing import Any

from .rows import SCRIPTS, row
from .stage import Stage

with contextlib.suppress(ImportError):
    import bpy

FUNCTION = """\
import bpy


def lift(frame):
    return 0.3 * frame - 0.5


bpy.app.driver_namespace["lift"] = lift
"""
HELD_BACK = "the farm runs no Python that a file brings, unless the project allows it: the driver stands still"


@row("Driver with a plain expression")
def driver(stage: Stage) -> None:
    driven(stage, "frame * 0.2 - 0.4")


@row("Driver with a registered function, in a project that allows scripts", project=SCRIPTS)
def driver_function(stage: Stage) -> None:
    registered(stage)


@row("Driver with a registered function, in a project that does not allow scripts", why=HELD_BACK, warned="lift")
def driver_function_held_back(stage: Stage) -> None:
    registered(stage)


@row("Motion blur")
def motion_blur(stage: Stage) -> None:
    scene = stage.moving()
    scene.frame_start = scene.frame_end = 2
    scene.cycles.samples = 4
    scene.render.use_motion_blur = True
    scene.render.motion_blur_shutter = 0.8


@row("Time remapping: half-frame steps (old 100, new 200)")
def time_remapped(stage: Stage) -> None:
    scene = stage.moving()
    scene.frame_end = 4
    scene.render.frame_map_old, scene.render.frame_map_new = 100, 200


@row(
    "The playhead between two frames (subframe 0.5)",
    note="an animation has whole frames, in Blender as on the farm; time remapping gives the steps between",
)
def subframe(stage: Stage) -> None:
    scene = stage.moving()
    scene.render.use_motion_blur = True
    scene.frame_set(2, subframe=0.5)


@row("Noise that changes with every frame (animated seed)")
def animated_seed(stage: Stage) -> None:
    scene = stage.fresh()
    scene.frame_end = 3
    stage.camera(scene)
    stage.sun(scene)
    scene.cycles.use_animated_seed = True
    cube = stage.cube(size=1.2)
    cube.data.materials[0] = bpy.data.materials.new("Gray")


@row("Frames 0 and 1")
def frame_zero(stage: Stage) -> None:
    scene = stage.moving()
    scene.objects["Cube"].location.x = -0.2
    scene.objects["Cube"].keyframe_insert("location", frame=0)
    scene.frame_start, scene.frame_end = 0, 1


def driven(stage: Stage, expression: str) -> Any:
    """A cube whose place a driver computes."""
    scene = stage.simple()
    scene.frame_end = 2
    curve = scene.objects["Cube"].driver_add("location", 0)
    curve.driver.type, curve.driver.expression = "SCRIPTED", expression
    return scene


def registered(stage: Stage) -> None:
    """A driver that calls a function, which a text of the file registers; the artist lets their files run scripts."""
    driven(stage, "lift(frame)")
    text = bpy.data.texts.new("register.py")
    text.write(FUNCTION)
    text.use_module = True
    stage.save()
    bpy.ops.wm.open_mainfile(filepath=str(stage.blend), use_scripts=True)
    stage.kept = True
