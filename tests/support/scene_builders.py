"""Builds the test scenes; runs inside Blender (3.4 to 5.0), once a scene: `scene_builders.py -- NAME TARGET`.

Every scene is tiny: 32x24 pixels, two samples, frames 1 to 4; but `bench`.
"""

from __future__ import annotations

import math
import shutil
import struct
import sys
import wave
from pathlib import Path

import bpy

TARGET = Path(sys.argv[-1])


def _empty():
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.frame_start, scene.frame_end = 1, 4
    scene.render.resolution_x, scene.render.resolution_y, scene.render.resolution_percentage = 32, 24, 100
    scene.world = bpy.data.worlds.new("World")
    return scene


def _cycles(scene, samples=2):
    scene.render.engine = "CYCLES"
    scene.cycles.samples = samples
    scene.cycles.use_denoising = False
    scene.cycles.use_adaptive_sampling = False
    scene.cycles.max_bounces = 2
    scene.cycles.device = "CPU"


def _camera(scene):
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    camera.location, camera.rotation_euler = (0, -8, 4), (math.radians(65), 0, 0)
    scene.collection.objects.link(camera)
    scene.camera = camera


def _light(scene):
    light = bpy.data.objects.new("Sun", bpy.data.lights.new("Sun", "SUN"))
    light.data.energy, light.rotation_euler = 3, (0.5, 0.3, 0)
    scene.collection.objects.link(light)


def _material(thing, color):
    material = bpy.data.materials.new("Color")
    material.use_nodes = True
    material.node_tree.nodes["Principled BSDF"].inputs["Base Color"].default_value = (*color, 1)
    material.diffuse_color = (*color, 1)
    thing.data.materials.append(material)
    return material


def _cube(name="Cube", location=(0, 0, 0), size=2.0):
    bpy.ops.mesh.primitive_cube_add(size=size, location=location)
    thing = bpy.context.object
    thing.name = name
    return thing


def _moving_cube():
    thing = _cube()
    _material(thing, (0.8, 0.1, 0.1))
    thing.location.x = -2
    thing.keyframe_insert("location", frame=1)
    thing.location.x = 2
    thing.keyframe_insert("location", frame=4)
    return thing


def _basic():
    scene = _empty()
    _camera(scene)
    _light(scene)
    _moving_cube()
    return scene


def small_cycles():
    """A red cube that moves, Cycles, PNG."""
    _cycles(_basic())


def bench():
    """The same cube at a size and with samples that cost Cycles a quarter of a second of one core for a frame."""
    scene = _basic()
    _cycles(scene, 12)
    scene.render.resolution_x, scene.render.resolution_y = 240, 180
    scene.frame_end = 100
    cube = bpy.data.objects["Cube"]
    cube.location.x = -2
    cube.keyframe_insert("location", frame=100)  # no two frames are the same file


def still():
    """The same at an odd size with eight samples, saved as PNG with a view transform of its own."""
    scene = _basic()
    _cycles(scene, 8)
    scene.render.resolution_x, scene.render.resolution_y = 45, 27
    scene.view_settings.exposure = 0.5
    scene.view_layers[0].use_pass_normal = True


def denoised():
    """A still whose scene denoises."""
    still()
    bpy.context.scene.cycles.use_denoising = True


def workbench():
    """A red cube that moves, Workbench, PNG."""
    scene = _basic()
    scene.render.engine = "BLENDER_WORKBENCH"


def eevee():
    """A red cube that moves, Eevee with one sample."""
    scene = _basic()
    scene.render.engine = "BLENDER_EEVEE_NEXT" if (4, 2) <= bpy.app.version < (5, 0) else "BLENDER_EEVEE"
    scene.eevee.taa_render_samples = 1


def no_camera():
    """A scene without a camera."""
    scene = _empty()
    _cube()
    _cycles(scene)


def two_layers():
    """View layers Front and Back with one cube each."""
    scene = _empty()
    _cycles(scene)
    _camera(scene)
    _light(scene)
    names = ("Front", "Back")
    for name, color, x in zip(names, ((0.9, 0, 0), (0, 0, 0.9)), (-1.5, 1.5), strict=True):
        collection = bpy.data.collections.new(name)
        scene.collection.children.link(collection)
        thing = _cube(name, (x, 0, 0))
        _material(thing, color)
        for old in list(thing.users_collection):
            old.objects.unlink(thing)
        collection.objects.link(thing)
    scene.view_layers[0].name = "Front"
    back = scene.view_layers.new("Back")
    scene.view_layers["Front"].layer_collection.children["Back"].exclude = True
    back.layer_collection.children["Front"].exclude = True


def two_cameras():
    """Camera sees the cube; Away looks at nothing; a marker chooses Camera."""
    small_cycles()
    scene = bpy.context.scene
    away = bpy.data.objects.new("Away", bpy.data.cameras.new("Away"))
    away.location = (50, 50, 50)
    scene.collection.objects.link(away)
    scene.timeline_markers.new("m", frame=1).camera = scene.objects["Camera"]


def _textured(names):
    small_cycles()
    material = bpy.data.objects["Cube"].data.materials[0]
    nodes, links = material.node_tree.nodes, material.node_tree.links
    for name in names:
        image = bpy.data.images.new(name, 8, 8)
        image.pixels = [0.1, 0.9, 0.1, 1.0] * 64
        image.filepath_raw, image.file_format = str(TARGET.parent / f"{name}.png"), "PNG"
        image.save()
        image.source = "FILE"
        image.filepath = f"//{name}.png"
        node = nodes.new("ShaderNodeTexImage")
        node.image = image
        links.new(node.outputs["Color"], nodes["Principled BSDF"].inputs["Base Color"])


def textured():
    """A cube with a texture beside the file."""
    _textured(["green"])


def missing_texture():
    """Two textures, neither of which is there."""
    _textured(["gone", "lost"])
    (TARGET.parent / "gone.png").unlink()
    (TARGET.parent / "lost.png").unlink()


def missing_library():
    """A collection of a library that is not there."""
    small_cycles()
    library = TARGET.parent / "props.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(library), copy=True)
    with bpy.data.libraries.load(str(library), link=True) as (_source, wanted):
        wanted.objects = ["Cube"]
    bpy.context.scene.collection.objects.link(wanted.objects[0])
    bpy.ops.wm.save_as_mainfile(filepath=str(TARGET))
    bpy.ops.file.make_paths_relative()
    library.unlink()


def movie():
    """The scene is set to write a movie."""
    scene = _basic()
    scene.render.engine = "BLENDER_WORKBENCH"
    if hasattr(scene.render.image_settings, "media_type"):
        scene.render.image_settings.media_type = "VIDEO"
    scene.render.image_settings.file_format = "FFMPEG"


def _tone(path, seconds=1.0, rate=48000):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(
            b"".join(
                struct.pack("<h", int(12000 * math.sin(i * 440 * 2 * math.pi / rate)))
                for i in range(int(rate * seconds))
            )
        )


def edit():
    """A video edit: two color strips after one another over a tone, 24 frames."""
    scene = _empty()
    scene.frame_end = 24
    editor = scene.sequence_editor_create()
    strips = editor.strips if hasattr(editor, "strips") else editor.sequences
    for number, color in enumerate(((1, 0, 0), (0, 0, 1))):
        begin = 1 + 12 * number
        if bpy.app.version >= (5, 0):
            strip = strips.new_effect(name=f"color{number}", type="COLOR", channel=1, frame_start=begin, length=12)
        else:
            strip = strips.new_effect(
                name=f"color{number}", type="COLOR", channel=1, frame_start=begin, frame_end=begin + 12
            )
        strip.color = color
    tone = TARGET.parent / "tone.wav"
    _tone(tone)
    strips.new_sound("tone", str(tone), 2, 1).sound.filepath = "//tone.wav"


def _plane(size=2.0, cuts=6, location=(0, 0, 2), name="Sheet"):
    bpy.ops.mesh.primitive_grid_add(x_subdivisions=cuts, y_subdivisions=cuts, size=size, location=location)
    thing = bpy.context.object
    thing.name = name
    _material(thing, (0.1, 0.3, 0.9))
    return thing


def cloth():
    """A cloth that falls."""
    _cycles(_basic())
    bpy.context.scene.frame_end = 6
    sheet = _plane()
    modifier = sheet.modifiers.new("Cloth", "CLOTH")
    modifier.point_cache.frame_start, modifier.point_cache.frame_end = 1, 6


def draped():
    """A cloth, an emitter and a texture in one scene."""
    _textured(["green"])
    bpy.context.scene.frame_end = 6
    sheet = _plane()
    sheet.modifiers.new("Cloth", "CLOTH")
    emitter = _plane(name="Emitter", location=(0, 0, 3))
    settings = emitter.modifiers.new("Dust", "PARTICLE_SYSTEM").particle_system.settings
    settings.count, settings.frame_start, settings.frame_end = 20, 1, 2


def softbody():
    """A soft body that falls."""
    _cycles(_basic())
    sheet = _plane(name="Jelly")
    modifier = sheet.modifiers.new("Softbody", "SOFT_BODY")
    modifier.settings.use_goal = False
    modifier.point_cache.frame_start, modifier.point_cache.frame_end = 1, 6


def particles():
    """An emitter of twenty particles."""
    _cycles(_basic())
    sheet = _plane(name="Emitter")
    modifier = sheet.modifiers.new("Dust", "PARTICLE_SYSTEM")
    settings = modifier.particle_system.settings
    settings.count, settings.frame_start, settings.frame_end, settings.lifetime = 20, 1, 2, 50
    modifier.particle_system.point_cache.frame_start, modifier.particle_system.point_cache.frame_end = 1, 6


def rigidbody():
    """A cube that falls."""
    scene = _empty()
    _cycles(scene)
    _camera(scene)
    _light(scene)
    bpy.ops.rigidbody.world_add()
    scene.rigidbody_world.collection = bpy.data.collections.new("Bodies")
    cube = _cube("Stone", (0, 0, 3), 1)
    scene.rigidbody_world.collection.objects.link(cube)
    cube.rigid_body.type = "ACTIVE"
    scene.rigidbody_world.point_cache.frame_start, scene.rigidbody_world.point_cache.frame_end = 1, 6


def nodes():
    """A geometry-nodes simulation that moves a cube by one a frame (4.2 and later)."""
    _cycles(_basic())
    cube = bpy.data.objects["Cube"]
    cube.animation_data_clear()
    tree = bpy.data.node_groups.new("Sim", "GeometryNodeTree")
    for way in ("INPUT", "OUTPUT"):
        tree.interface.new_socket("Geometry", in_out=way, socket_type="NodeSocketGeometry")
    begin, end = tree.nodes.new("GeometryNodeSimulationInput"), tree.nodes.new("GeometryNodeSimulationOutput")
    begin.pair_with_output(end)
    into, out = tree.nodes.new("NodeGroupInput"), tree.nodes.new("NodeGroupOutput")
    move = tree.nodes.new("GeometryNodeTransform")
    move.inputs["Translation"].default_value = (1, 0, 0)
    tree.links.new(into.outputs[0], begin.inputs[0])
    tree.links.new(begin.outputs["Geometry"], move.inputs["Geometry"])
    tree.links.new(move.outputs["Geometry"], end.inputs["Geometry"])
    tree.links.new(end.outputs["Geometry"], out.inputs[0])
    modifier = cube.modifiers.new("Sim", "NODES")
    modifier.node_group = tree


def fluid():
    """Smoke from a small inflow in a coarse domain."""
    scene = _empty()
    _cycles(scene)
    _camera(scene)
    _light(scene)
    flow = _cube("Flow", (0, 0, 0), 0.5)
    modifier = flow.modifiers.new("Fluid", "FLUID")
    modifier.fluid_type = "FLOW"
    modifier.flow_settings.flow_type, modifier.flow_settings.flow_behavior = "SMOKE", "INFLOW"
    domain = _cube("Domain", (0, 0, 1), 4)
    modifier = domain.modifiers.new("Fluid", "FLUID")
    modifier.fluid_type = "DOMAIN"
    settings = modifier.domain_settings
    settings.domain_type, settings.resolution_max = "GAS", 8
    settings.cache_type = "ALL"
    settings.cache_frame_start, settings.cache_frame_end = 1, 4
    material = bpy.data.materials.new("Smoke")
    material.use_nodes = True
    nodes = material.node_tree.nodes
    nodes.remove(nodes["Principled BSDF"])
    volume = nodes.new("ShaderNodeVolumePrincipled")
    volume.inputs["Density"].default_value = 20
    material.node_tree.links.new(volume.outputs["Volume"], nodes["Material Output"].inputs["Volume"])
    domain.data.materials.append(material)
    flow.hide_render = True


def stereo():
    """Two views, a file each."""
    scene = _basic()
    scene.render.engine = "BLENDER_WORKBENCH"
    scene.render.use_multiview = True
    scene.render.image_settings.views_format = "INDIVIDUAL"


def scripted():
    """A file with a script that runs `misbehave.py` beside it, if the file may run scripts."""
    small_cycles()
    text = bpy.data.texts.new("start.py")
    text.write("import bpy, os\npath = bpy.path.abspath('//misbehave.py')\n")
    text.write("if os.path.exists(path):\n    exec(compile(open(path).read(), path, 'exec'), {'bpy': bpy})\n")
    text.use_module = True


def sequence():
    """A texture of four pictures, one a frame; the third is not there."""
    _textured(["seq_0001"])
    for number in (2, 4):
        shutil.copyfile(TARGET.parent / "seq_0001.png", TARGET.parent / f"seq_{number:04d}.png")
    node = next(
        node for node in bpy.data.materials[0].node_tree.nodes if node.bl_idname == "ShaderNodeTexImage" and node.image
    )
    node.image.source = "SEQUENCE"
    node.image_user.frame_duration, node.image_user.frame_start, node.image_user.frame_offset = 4, 1, 0
    node.image_user.use_auto_refresh = True


def tiled():
    """A texture of two tiles, of which the second is not there."""
    _textured(["tiled.1001"])
    image = bpy.data.images["tiled.1001"]
    image.source = "TILED"
    image.filepath = "//tiled.<UDIM>.png"
    if image.tiles.get(1002) is None:
        image.tiles.new(1002)


def compositing():
    """A scene whose compositor inverts the picture and writes a file of its own."""
    small_cycles()
    scene = bpy.context.scene
    five = bpy.app.version >= (5, 0)
    if five:
        tree = scene.compositing_node_group = bpy.data.node_groups.new("Comp", "CompositorNodeTree")
        tree.interface.new_socket("Image", in_out="OUTPUT", socket_type="NodeSocketColor")
        result = tree.nodes.new("NodeGroupOutput")
    else:
        scene.use_nodes = True
        tree = scene.node_tree
        tree.nodes.clear()
        result = tree.nodes.new("CompositorNodeComposite")
    layers, invert = tree.nodes.new("CompositorNodeRLayers"), tree.nodes.new("CompositorNodeInvert")
    tree.links.new(layers.outputs["Image"], invert.inputs["Color"])
    tree.links.new(invert.outputs[0], result.inputs[0])
    out = tree.nodes.new("CompositorNodeOutputFile")
    out.name = "Extra"
    if five:
        out.directory, out.file_name = str(TARGET.parent / "elsewhere"), "plain_"
        out.file_output_items.new("RGBA", "Image")
    else:
        out.base_path = str(TARGET.parent / "elsewhere")
    tree.links.new(layers.outputs["Image"], out.inputs[0])


if __name__ == "__main__":
    globals()[sys.argv[-2]]()
    bpy.ops.wm.save_as_mainfile(filepath=str(TARGET))
