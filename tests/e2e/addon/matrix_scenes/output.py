"""What a scene says of its pictures: size, border, format, compositor, views, what is burnt in."""

from __future__ import annotations

import contextlib
import shutil
from typing import Any

from .rows import row
from .stage import Stage

with contextlib.suppress(ImportError):
    import bpy


@row("Compositor")
def compositor(stage: Stage) -> None:
    scene = stage.simple()
    tree, picture, result = stage.compositor(scene)
    invert = tree.nodes.new("CompositorNodeInvert")
    tree.links.new(picture, invert.inputs["Color"])
    tree.links.new(invert.outputs[0], result)


@row("Compositor with File Output nodes", note="what they write comes back in compositor/NAME OF THE NODE/")
def file_output(stage: Stage) -> None:
    scene = stage.simple()
    tree, picture, result = stage.compositor(scene)
    invert = tree.nodes.new("CompositorNodeInvert")
    tree.links.new(picture, invert.inputs["Color"])
    tree.links.new(invert.outputs[0], result)
    out = tree.nodes.new("CompositorNodeOutputFile")
    out.name = "Extra"
    if stage.five:
        out.directory, out.file_name = "//extra/", "plain_"
        out.file_output_items.new("RGBA", "Image")
        out.format.media_type = "IMAGE"
        out.format.file_format = "PNG"
    else:
        out.base_path = "//extra/"
        out.file_slots[0].path = "plain_"
    tree.links.new(picture, out.inputs[0])


@row("Compositor with another scene's render layers")
def other_scene_in_compositor(stage: Stage) -> None:
    scene = stage.simple()
    other = bpy.data.scenes.new("Other")
    stage.cycles(other)
    other.render.resolution_x, other.render.resolution_y, other.render.resolution_percentage = 32, 24, 100
    other.world = scene.world
    bpy.context.window.scene = other
    stage.camera(other, "Other camera")
    stage.board(stage.packed("other", 2), "Other board")
    bpy.context.window.scene = scene
    tree, picture, result = stage.compositor(scene)
    second = tree.nodes.new("CompositorNodeRLayers")
    second.scene = other
    mix(stage, tree, picture, second.outputs["Image"], result)


@row("Compositor with a movie clip and a picture from disk")
def clip_in_compositor(stage: Stage) -> None:
    scene = stage.simple()
    scene.frame_end = 3
    movie = shutil.copyfile(stage.media / "clip.mp4", stage.folder / "clip.mp4")
    tree, picture, result = stage.compositor(scene)
    clip = tree.nodes.new("CompositorNodeMovieClip")
    clip.clip = bpy.data.movieclips.load(str(movie))
    still = tree.nodes.new("CompositorNodeImage")
    still.image = stage.load(stage.picture(stage.folder / "plates" / "over.png", 2))
    both = mix(stage, tree, clip.outputs["Image"], still.outputs["Image"])
    mix(stage, tree, picture, both, result)


@row("Compositor group of a library, with a picture of its own")
def linked_compositor_group(stage: Stage) -> None:
    stage.fresh()
    library = stage.save(stage.folder / "assets" / "grade.blend")
    group = bpy.data.node_groups.new("Grade", "CompositorNodeTree")
    group.use_fake_user = True
    for way in ("INPUT", "OUTPUT"):
        if hasattr(group, "interface"):
            group.interface.new_socket("Image", in_out=way, socket_type="NodeSocketColor")
        else:
            (group.inputs if way == "INPUT" else group.outputs).new("NodeSocketColor", "Image")
    still = group.nodes.new("CompositorNodeImage")
    still.image = stage.load(stage.picture(library.parent / "plates" / "over.png", 2))
    still.image.filepath = "//plates/over.png"
    into, out = group.nodes.new("NodeGroupInput"), group.nodes.new("NodeGroupOutput")
    mix(stage, group, into.outputs[0], still.outputs["Image"], out.inputs[0])
    stage.save(library)
    scene = stage.simple()
    stage.save()
    with bpy.data.libraries.load(str(library), link=True, relative=True) as (_there, wanted):
        wanted.node_groups = ["Grade"]
    tree, picture, result = stage.compositor(scene)
    node = tree.nodes.new("CompositorNodeGroup")
    node.node_tree = wanted.node_groups[0]
    tree.links.new(picture, node.inputs[0])
    tree.links.new(node.outputs[0], result)


@row("Compositor with a movie and an image sequence from disk")
def plates_in_compositor(stage: Stage) -> None:
    scene = stage.simple()
    scene.frame_end = 3
    movie = shutil.copyfile(stage.media / "clip.mp4", stage.folder / "clip.mp4")
    tree, picture, result = stage.compositor(scene)
    plays = tree.nodes.new("CompositorNodeImage")
    plays.image, plays.frame_duration, plays.frame_start = stage.load(movie), 8, 1
    for number in range(1, 4):
        stage.picture(stage.folder / "plates" / f"p_{number:04}.png", number)
    shows = tree.nodes.new("CompositorNodeImage")
    shows.image = stage.load(stage.folder / "plates" / "p_0001.png")
    shows.image.source = "SEQUENCE"
    shows.frame_duration, shows.frame_start = 3, 1
    both = mix(stage, tree, plays.outputs["Image"], shows.outputs["Image"])
    mix(stage, tree, picture, both, result)


@row("Resolution at 50 %")
def percentage(stage: Stage) -> None:
    render = stage.simple().render
    render.resolution_x, render.resolution_y, render.resolution_percentage = 65, 49, 50


@row("Border without crop", warned="render region")
def border(stage: Stage) -> None:
    border_of(stage.simple())


@row("Border with crop", warned="render region")
def border_crop(stage: Stage) -> None:
    scene = stage.simple()
    border_of(scene)
    scene.render.use_crop_to_border = True


@row("Pixel aspect 2:1")
def pixel_aspect(stage: Stage) -> None:
    stage.simple().render.pixel_aspect_x = 2


@row("Stereo, a file each eye")
def stereo(stage: Stage) -> None:
    scene = stage.simple()
    scene.render.use_multiview = True
    scene.render.image_settings.views_format = "INDIVIDUAL"
    scene.camera.data.type = "PERSP"


@row("Stereo, side by side in one file")
def stereo_side_by_side(stage: Stage) -> None:
    scene = stage.simple()
    scene.render.use_multiview = True
    scene.render.image_settings.views_format = "STEREO_3D"
    scene.render.image_settings.stereo_3d_format.display_mode = "SIDEBYSIDE"
    scene.camera.data.type = "PERSP"


@row("Film transparent, RGBA")
def transparent(stage: Stage) -> None:
    scene = stage.simple()
    bpy.data.objects.remove(scene.objects["Board"])
    scene.render.film_transparent = True
    stage.format(scene, "PNG", mode="RGBA")


@row("PNG of 16 bits")
def png16(stage: Stage) -> None:
    stage.format(stage.simple(), "PNG", "16")


@row("EXR, half floats, compressed with loss (DWAA)")
def exr_half(stage: Stage) -> None:
    scene = stage.simple()
    stage.format(scene, "OPEN_EXR", "16")
    scene.render.image_settings.exr_codec = "DWAA"


@row("EXR, floats")
def exr(stage: Stage) -> None:
    stage.format(stage.simple(), "OPEN_EXR", "32", "RGBA")


@row("JPEG")
def jpeg(stage: Stage) -> None:
    scene = stage.simple()
    stage.format(scene, "JPEG")
    scene.render.image_settings.quality = 60


@row("TIFF of 16 bits")
def tiff(stage: Stage) -> None:
    stage.format(stage.simple(), "TIFF", "16")


@row("Black and white")
def black_and_white(stage: Stage) -> None:
    stage.format(stage.simple(), "PNG", mode="BW")


@row(
    "Output set to a movie",
    warned="movie",
    note="the farm renders PNG frames and makes the video of them, so that machines can share the work",
)
def movie(stage: Stage) -> None:
    scene = stage.moving()
    stage.format(scene, "FFMPEG")


@row("Every second frame (step 2)")
def frame_step(stage: Stage) -> None:
    scene = stage.moving()
    scene.frame_end, scene.frame_step = 4, 2


@row("Burnt in: frame, camera, scene, a note")
def stamp(stage: Stage) -> None:
    scene = stage.simple()
    burn_in(scene)


@row(
    "Burnt in: date, render time, memory, host, file",
    why="these words are of the machine, the moment and the folder where a frame is rendered",
)
def stamp_of_the_machine(stage: Stage) -> None:
    scene = stage.simple()
    burn_in(scene)
    render = scene.render
    render.use_stamp_date = render.use_stamp_render_time = render.use_stamp_memory = True
    render.use_stamp_hostname = render.use_stamp_filename = True


def burn_in(scene: Any) -> None:
    """Words in the picture, none of which depends on the machine."""
    render = scene.render
    render.resolution_x, render.resolution_y = 96, 72
    render.use_stamp, render.stamp_font_size = True, 8
    for name in ("date", "time", "render_time", "memory", "hostname", "filename", "frame_range", "lens", "marker"):
        setattr(render, f"use_stamp_{name}", False)
    render.use_stamp_frame = render.use_stamp_camera = render.use_stamp_scene = render.use_stamp_note = True
    render.stamp_note_text = "take 3"


def border_of(scene: Any) -> None:
    """A part of the picture that does not end on whole pixels."""
    render = scene.render
    render.resolution_x, render.resolution_y = 45, 31
    render.use_border = True
    render.border_min_x, render.border_max_x, render.border_min_y, render.border_max_y = 0.21, 0.83, 0.17, 0.71


def mix(stage: Stage, tree: Any, first: Any, second: Any, result: Any = None) -> Any:
    """Half of each of two pictures."""
    if stage.five:
        node = tree.nodes.new("ShaderNodeMix")
        node.data_type = "RGBA"
        factor, one, other, out = node.inputs[0], node.inputs[6], node.inputs[7], node.outputs[2]
    else:
        node = tree.nodes.new("CompositorNodeMixRGB")
        factor, one, other, out = *node.inputs[:3], node.outputs[0]
    factor.default_value = 0.5
    tree.links.new(first, one)
    tree.links.new(second, other)
    if result is not None:
        tree.links.new(out, result)
    return out
