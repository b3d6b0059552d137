"""What is linked from other files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy

from .stage import case, fresh, runtime


def library(folder: Path, name: str = "lib.blend") -> Path:
    """A library with an object "Chair" in a collection "Chairs"."""
    collection = bpy.data.collections.new("Chairs")
    mesh = bpy.data.meshes.new("Chair")
    thing = bpy.data.objects.new("Chair", mesh)
    collection.objects.link(thing)
    bpy.data.libraries.write(str(folder / name), {collection}, fake_user=True)
    for block, blocks in ((collection, bpy.data.collections), (thing, bpy.data.objects), (mesh, bpy.data.meshes)):
        blocks.remove(block)
    return folder / name


def link(path: Path, name: str = "Chairs") -> Any:
    with bpy.data.libraries.load(str(path), link=True, relative=True) as (_, wanted):
        wanted.collections = [name]
    bpy.context.scene.collection.children.link(wanted.collections[0])
    return wanted.collections[0]


def library_there() -> Path:
    folder = fresh()
    link(library(folder))
    return folder


@case("missing_files", library_there)
def library_gone() -> None:
    (library_there() / "lib.blend").unlink()


@case("missing_files", library_there)
def library_moved() -> None:
    folder = library_there()
    (folder / "old").mkdir()
    (folder / "lib.blend").rename(folder / "old" / "lib.blend")


@case("libraries", library_there)
def library_changed() -> None:
    library_there()
    bpy.ops.wm.save_mainfile()
    bpy.ops.wm.open_mainfile(filepath=bpy.data.filepath)
    runtime.current().memory.opened_at -= 100


@case("libraries", library_there)  # Blender 3.4 does not tell
def block_gone() -> None:
    """The library is there, the object in it is not."""
    folder = library_there()
    bpy.ops.wm.save_mainfile()
    bpy.ops.wm.read_homefile(use_empty=True)
    empty = bpy.data.collections.new("Tables")
    bpy.data.libraries.write(str(folder / "lib.blend"), {empty}, fake_user=True)
    bpy.ops.wm.open_mainfile(filepath=str(folder / "shot.blend"))


def overridden() -> Path:
    folder = fresh()
    collection = link(library(folder))
    collection.override_hierarchy_create(bpy.context.scene, bpy.context.view_layer)
    return folder


@case("overrides", overridden)
def override_lost() -> None:
    folder = overridden()
    bpy.ops.wm.save_mainfile()
    (folder / "lib.blend").unlink()
    bpy.ops.wm.open_mainfile(filepath=str(folder / "shot.blend"))
