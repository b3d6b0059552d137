"""Builds the scenes of `addon.py`; runs inside Blender: `addon_scenes.py -- FOLDER`.

mesh.blend holds 200 MB of mesh; textures.blend names 50 textures, many.blend 10,000, below `textures/` and `many/` beside it.
"""

from __future__ import annotations

import sys
from array import array
from pathlib import Path

import bpy

FOLDER = Path(sys.argv[-1])
MESHES, VERTICES = 8, 2_100_000  # of 12 bytes
TEXTURES, MANY = 50, 10_000


def empty():
    """An empty file with a camera, as a job needs one."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.frame_start, scene.frame_end = 1, 1
    scene.camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    scene.collection.objects.link(scene.camera)
    return scene


def save(name):
    """Save it as it is."""
    bpy.ops.wm.save_as_mainfile(filepath=str(FOLDER / name), compress=False, relative_remap=False)


def meshes():
    """Meshes of many vertices."""
    scene = empty()
    for number in range(MESHES):
        mesh = bpy.data.meshes.new(f"Heavy {number}")
        mesh.vertices.add(VERTICES)
        mesh.vertices.foreach_set("co", array("f", range(VERTICES * 3)))
        scene.collection.objects.link(bpy.data.objects.new(mesh.name, mesh))
    save("mesh.blend")


def textured(folder, count, name):
    """A file that names images of a folder."""
    empty()
    for number in range(count):
        image = bpy.data.images.new(f"{folder} {number}", 1, 1)
        image.source, image.filepath = "FILE", f"//{folder}/{number:05}.png"
        image.use_fake_user = True
    save(name)


if __name__ == "__main__":
    meshes()
    textured("textures", TEXTURES, "textures.blend")
    textured("many", MANY, "many.blend")
