"""Build the .blend of the studio that pictures of the dashboard show; runs inside Blender: `… -- FILE`."""

import colorsys
import math
import sys

import bpy

FRAMES = 96
BALLS = 34


def shade(name, color, roughness, metallic=0.0):
    """A plain material."""
    material = bpy.data.materials.new(name)
    material.use_nodes = True
    node = material.node_tree.nodes["Principled BSDF"]
    node.inputs["Base Color"].default_value = (*color, 1.0)
    node.inputs["Roughness"].default_value = roughness
    node.inputs["Metallic"].default_value = metallic
    return material


def stage():
    """A monkey of copper among balls that lie as the seeds of a sunflower do."""
    bpy.ops.mesh.primitive_monkey_add(size=2.2, location=(0, 0, 1.15), rotation=(math.radians(-12), 0, 0))
    monkey = bpy.context.object
    monkey.modifiers.new("Smooth", "SUBSURF").render_levels = 2
    monkey.data.materials.append(shade("Copper", (0.85, 0.36, 0.18), 0.28, 0.9))
    for polygon in monkey.data.polygons:
        polygon.use_smooth = True
    for number in range(BALLS):
        angle, far, size = number * 2.39996, 1.9 + 0.62 * math.sqrt(number), 0.22 + 0.16 * ((number * 7) % 5) / 4
        spot = (far * math.cos(angle), far * math.sin(angle), size)
        bpy.ops.mesh.primitive_uv_sphere_add(radius=size, location=spot, segments=32, ring_count=16)
        color = colorsys.hsv_to_rgb((0.93 + number / BALLS * 0.65) % 1, 0.72, 0.8)
        bpy.context.object.data.materials.append(shade(f"Ball {number}", color, 0.15 + 0.1 * (number % 4)))
        bpy.ops.object.shade_smooth()
    bpy.ops.mesh.primitive_plane_add(size=80)
    bpy.context.object.data.materials.append(shade("Floor", (0.11, 0.12, 0.2), 0.42))


def light():
    """A warm lamp, a cool one behind, and a night sky."""
    for spot, energy, size, color, turn in (
        ((4, -5, 6), 900, 4, (1.0, 0.86, 0.72), (45, 0, 38)),
        ((-5, 5, 4), 700, 3, (0.5, 0.65, 1.0), (-60, 0, 40)),
    ):
        bpy.ops.object.light_add(type="AREA", location=spot, rotation=[math.radians(each) for each in turn])
        lamp = bpy.context.object.data
        lamp.energy, lamp.size, lamp.color = energy, size, color
    world = bpy.data.worlds.new("Night")
    world.use_nodes = True
    world.node_tree.nodes["Background"].inputs["Color"].default_value = (0.035, 0.045, 0.1, 1)
    bpy.context.scene.world = world


def film(scene):
    """The camera goes round once; small and quick."""
    bpy.ops.object.empty_add(location=(0, 0, 0.9))
    middle = bpy.context.object
    bpy.ops.object.camera_add(location=(0, -8.2, 2.6))
    camera = bpy.context.object
    camera.data.lens = 42
    camera.parent = middle
    camera.constraints.new("TRACK_TO").target = middle
    for frame, turn in ((1, -0.5), (FRAMES + 1, -0.5 + 2 * math.pi)):
        middle.rotation_euler.z = turn
        middle.keyframe_insert("rotation_euler", index=2, frame=frame)
    scene.camera = camera
    scene.render.engine = "CYCLES"
    scene.cycles.samples = 6
    scene.cycles.use_denoising = True
    scene.cycles.max_bounces = 3
    scene.render.resolution_x, scene.render.resolution_y = 480, 270
    scene.render.fps = 24
    scene.frame_start, scene.frame_end = 1, FRAMES
    scene.render.image_settings.file_format = "PNG"


if __name__ == "__main__":
    bpy.ops.wm.read_factory_settings(use_empty=True)
    stage()
    light()
    film(bpy.context.scene)
    bpy.ops.wm.save_as_mainfile(filepath=sys.argv[-1])
