"""Make the demo's .blend; runs inside any Blender from 3.4 on, or with the bpy wheel: `… -- FILE`."""

import math
import sys

import bpy

FRAMES = 24


def shade(name: str, color: tuple[float, float, float], roughness: float) -> bpy.types.Material:
    """A plain material."""
    material = bpy.data.materials.new(name)
    material.use_nodes = True
    node = material.node_tree.nodes["Principled BSDF"]
    node.inputs["Base Color"].default_value = (*color, 1.0)
    node.inputs["Roughness"].default_value = roughness
    return material


def build() -> None:
    """A monkey turns on a floor under a warm lamp."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    bpy.ops.mesh.primitive_monkey_add(size=2, location=(0, 0, 1))
    monkey = bpy.context.object
    monkey.data.materials.append(shade("Copper", (0.8, 0.35, 0.15), 0.3))
    for polygon in monkey.data.polygons:
        polygon.use_smooth = True
    for frame, turn in ((1, 0.0), (FRAMES + 1, 2 * math.pi)):
        monkey.rotation_euler.z = turn
        monkey.keyframe_insert("rotation_euler", index=2, frame=frame)
    bpy.ops.mesh.primitive_plane_add(size=30)
    bpy.context.object.data.materials.append(shade("Floor", (0.15, 0.25, 0.3), 0.6))
    bpy.ops.object.light_add(type="AREA", location=(3, -4, 6))
    lamp = bpy.context.object
    lamp.data.energy, lamp.data.size = 700, 4
    lamp.rotation_euler = (math.radians(40), math.radians(20), 0)
    bpy.ops.object.camera_add(location=(0, -6, 2.4), rotation=(math.radians(76), 0, 0))
    scene.camera = bpy.context.object
    render(scene)


def render(scene: bpy.types.Scene) -> None:
    """Small and quick, so that the demo shows the farm and not the patience of its watcher."""
    scene.render.engine = "CYCLES"
    scene.cycles.samples = 8
    scene.cycles.use_denoising = False  # Debian's Blender is built without the denoiser
    scene.render.resolution_x, scene.render.resolution_y = 480, 270
    scene.render.resolution_percentage = 100
    scene.render.fps = 24
    scene.frame_start, scene.frame_end = 1, FRAMES
    scene.render.image_settings.file_format = "PNG"


if __name__ == "__main__":
    build()
    bpy.ops.wm.save_as_mainfile(filepath=sys.argv[-1])
