"""What the cases are made of: a farm, an empty scene, things in it, and forgetting all of it."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy

MODULE, WORK, TARGET = sys.argv[-3:]
runtime = importlib.import_module(MODULE + ".runtime")
preflight = importlib.import_module(MODULE + ".preflight")
here = importlib.import_module(MODULE + ".preflight.here")
catalogues = importlib.import_module(MODULE + ".core.catalogue")
VERSION = bpy.app.version[:2]
SERIES = "{}.{}".format(*VERSION)
Scene = Callable[[], Any]
FARM = catalogues.fetch_catalogue(runtime.current().client())
CASES: dict[str, tuple[str, Scene, Scene]] = {}
FOLDERS = iter(range(1000))


def case(check: str, good: Scene) -> Callable[[Scene], Scene]:
    """A case of a check, named as the function that builds the fault; `good` builds the scene without."""

    def keep(bad: Scene) -> Scene:
        CASES[bad.__name__] = (check, bad, good)
        return bad

    return keep


def worker(**more: Any) -> Any:
    return catalogues.FarmWorker(**{"name": "node", "platform": "linux", "blenders": (SERIES + ".1",), **more})


def farm(*workers: Any, **more: Any) -> None:
    """The farm as it is for the next check: its real job types, and these workers."""
    state = runtime.current()
    state.catalogue = replace(FARM, workers=workers or (worker(),), **more)


def choose(**choices: Any) -> None:
    for name, value in choices.items():
        runtime.current().choose(name.replace("__", "/"), value)


def fresh(saved: bool = True) -> Path:
    """A scene that has nothing to find; its file lies in a folder of its own, which is returned."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    folder = Path(WORK) / f"case{next(FOLDERS)}"
    folder.mkdir(parents=True)
    (folder / ".git").mkdir()
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.render.filepath = str(folder / "out") + os.sep
    add_object("Camera", bpy.data.cameras.new("Camera"))
    scene.camera = bpy.data.objects["Camera"]
    scene.frame_start, scene.frame_end = 1, 5
    if saved:
        save(folder)
    farm()
    return folder


def save(folder: Path) -> None:
    bpy.ops.wm.save_as_mainfile(filepath=str(folder / "shot.blend"))


def fine() -> None:
    fresh()


def add_object(name: str, data: Any = None) -> Any:
    thing = bpy.data.objects.new(name, data)
    bpy.context.scene.collection.objects.link(thing)
    return thing


def cube(name: str = "Cube") -> Any:
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata([(0, 0, 0), (1, 0, 0), (1, 1, 0)], [], [(0, 1, 2)])
    return add_object(name, mesh)


def png(path: Path) -> Path:
    """A small picture file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = bpy.data.images.new("made", 4, 4)
    image.filepath_raw, image.file_format = str(path), "PNG"
    image.save()
    bpy.data.images.remove(image)
    return path


def material(name: str = "Paint") -> Any:
    made = bpy.data.materials.new(name)
    made.use_nodes = True
    return made


def textured(image: Any, name: str = "Paint") -> Any:
    """The texture node of a material that an object has."""
    made = material(name)
    node = made.node_tree.nodes.new("ShaderNodeTexImage")
    node.image = image
    cube(name).data.materials.append(made)
    return node


def loaded(path: Path) -> Any:
    return bpy.data.images.load("//" + os.path.relpath(path, Path(bpy.data.filepath).parent))


class OwnEngine(bpy.types.RenderEngine):
    bl_idname = "OWN_ENGINE"
    bl_label = "Own"


class OwnNode(bpy.types.ShaderNodeCustomGroup):
    bl_idname = "OwnNode"
    bl_label = "Own"


def listening(*_: Any) -> None:
    """What an add-on does at each frame."""


listening.__module__ = "bl_ext.blender_org.shaker.handlers"


OWN_CLASSES = (OwnNode, OwnEngine)


def forget_all() -> None:
    """What a case left behind; classes last, as an old Blender crashes if it frees their nodes without them."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    runtime.current().choices.replace(runtime.current().blend, {})
    runtime.current().choices.replace("", {})
    os.environ.pop("OCIO", None)
    bpy.app.driver_namespace.pop("wave", None)
    if listening in bpy.app.handlers.frame_change_pre:
        bpy.app.handlers.frame_change_pre.remove(listening)
    for own in OWN_CLASSES:
        if own.is_registered:
            bpy.utils.unregister_class(own)
