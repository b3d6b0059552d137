"""The scene itself, its picture and its output."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import bpy

from .stage import FARM, OwnEngine, case, choose, farm, fine, fresh, worker


@case("engine", fine)
def own_engine() -> None:
    fresh()
    bpy.utils.register_class(OwnEngine)
    bpy.context.scene.render.engine = "OWN_ENGINE"


@case("camera", fine)
def no_camera() -> None:
    fresh()
    bpy.data.objects.remove(bpy.data.objects["Camera"])


@case("camera", fine)
def camera_not_chosen() -> None:
    fresh()
    bpy.context.scene.camera = None


def camera_by_marker() -> None:
    fresh()
    scene = bpy.context.scene
    scene.timeline_markers.new("m", frame=1).camera = scene.camera
    scene.camera = None


@case("camera", camera_by_marker)
def marker_without_camera() -> None:
    fresh()
    bpy.context.scene.timeline_markers.new("m", frame=1)
    bpy.data.objects.remove(bpy.data.objects["Camera"])


@case("camera", fine)
def unknown_camera() -> None:
    fresh()
    choose(render__camera="Nobody")


@case("frames", fine)
def preview_range() -> None:
    fresh()
    scene = bpy.context.scene
    scene.use_preview_range, scene.frame_preview_start, scene.frame_preview_end = True, 2, 3


@case("frames", fine)
def one_frame() -> None:
    fresh()
    farm(worker(), worker(name="other"))
    bpy.context.scene.frame_end = 1


@case("job", fine)
def backward_frames() -> None:
    fresh()
    choose(render__frames="9-3")


@case("view_layers", fine)
def layers_off() -> None:
    fresh()
    bpy.context.scene.view_layers[0].use = False


@case("view_layers", fine)
def single_layer() -> None:
    fresh()
    bpy.context.scene.render.use_single_layer = True


def two_layers() -> None:
    fresh()
    bpy.context.scene.view_layers.new("Second")


@case("view_layers", two_layers)
def a_layer_off() -> None:
    two_layers()
    bpy.context.scene.view_layers["Second"].use = False


@case("view_layers", fine)
def unknown_layer() -> None:
    fresh()
    choose(render__view_layers=["Nowhere"])


@case("output", fine)
def movie_output() -> None:
    fresh()
    image = bpy.context.scene.render.image_settings
    if hasattr(image, "media_type"):
        image.media_type = "VIDEO"
    image.file_format = "FFMPEG"


def without_multilayer() -> None:
    """A farm whose job type writes PNG only."""
    types = []
    for each in FARM.job_types:
        fields = [replace(one, choices=("scene", "PNG")) if one.name == "format" else one for one in each.fields]
        types.append(replace(each, fields=tuple(fields)))
    farm(job_types=tuple(types))


def png_only() -> None:
    fresh()
    without_multilayer()


@case("output", png_only)
def unknown_format() -> None:
    png_only()
    bpy.context.scene.render.image_settings.file_format = "TIFF"


@case("picture", fine)
def no_pixels() -> None:
    fresh()
    render = bpy.context.scene.render
    render.resolution_x, render.resolution_y, render.resolution_percentage = 64, 64, 1


@case("picture", fine)
def half_size() -> None:
    fresh()
    bpy.context.scene.render.resolution_percentage = 50


@case("picture", fine)
def region() -> None:
    fresh()
    bpy.context.scene.render.use_border = True


@case("picture", fine)
def time_limit() -> None:
    fresh()
    bpy.context.scene.cycles.time_limit = 10


@case("picture", fine)
def simplified() -> None:
    fresh()
    bpy.context.scene.render.use_simplify = True


@case("device", fine)
def gpu_lost() -> None:
    fresh()
    bpy.context.scene.cycles.device = "GPU"


def gpu_there() -> None:
    fresh()
    farm(worker(gpu=True))
    bpy.context.scene.cycles.device = "GPU"


@case("device", gpu_there)
def gpu_unused() -> None:
    fresh()
    farm(worker(gpu=True))


@case("device", gpu_there)
def gpu_only() -> None:
    fresh()
    choose(render__gpu=True)


@case("colors", fine)
def own_colors() -> None:
    fresh()
    os.environ["OCIO"] = "/studio/config.ocio"


def compositor_tree() -> Any:
    scene = bpy.context.scene
    if hasattr(scene, "compositing_node_group"):
        group = bpy.data.node_groups.new("Compositor", "CompositorNodeTree")
        scene.compositing_node_group = group
        return group
    scene.use_nodes = True
    return scene.node_tree


def composed() -> None:
    fresh()
    compositor_tree()


@case("compositor", composed)
def file_output() -> None:
    fresh()
    node = compositor_tree().nodes.new("CompositorNodeOutputFile")
    setattr(node, "directory" if hasattr(node, "directory") else "base_path", "/somewhere/else/")


@case("compositor", composed)
def layers_apart() -> None:
    composed()
    if hasattr(bpy.context.scene, "compositing_node_group"):
        bpy.context.scene.compositing_node_group.nodes.new("NodeGroupOutput")
    choose(render__split_view_layers=True)
