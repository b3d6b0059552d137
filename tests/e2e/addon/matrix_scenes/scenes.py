"""What is in a .blend beside files: scenes, view layers, cameras, and what the artist has not saved."""

from __future__ import annotations

import contextlib
from typing import Any

from .rows import row
from .stage import Stage

with contextlib.suppress(ImportError):
    import bpy


@row("Two scenes, the first one is open")
def first_scene(stage: Stage) -> None:
    first, _second = two_scenes(stage)
    bpy.context.window.scene = first


@row("Two scenes, the second one is open")
def second_scene(stage: Stage) -> None:
    _first, second = two_scenes(stage)
    bpy.context.window.scene = second


@row("Background set: a scene behind the scene")
def background_set(stage: Stage) -> None:
    first, second = two_scenes(stage)
    for thing in list(second.objects):
        if thing.type == "MESH":
            thing.location.x, thing.location.z, thing.scale.x = 0.5, 2, 0.5
    first.background_set = second
    bpy.context.window.scene = first


@row("Two view layers, PNG")
def view_layers(stage: Stage) -> None:
    two_layers(stage)


@row("Two view layers, multilayer EXR with passes")
def view_layers_exr(stage: Stage) -> None:
    scene = two_layers(stage)
    for layer in scene.view_layers:
        layer.use_pass_z = layer.use_pass_normal = layer.use_pass_cryptomatte_object = True
    stage.format(scene, "OPEN_EXR_MULTILAYER", "32")


@row("Two view layers, one switched off")
def view_layer_off(stage: Stage) -> None:
    two_layers(stage).view_layers["Front"].use = False


@row("Camera markers")
def camera_markers(stage: Stage) -> None:
    scene = stage.simple()
    scene.frame_end = 3
    side = stage.camera(scene, "Side", 0.6, 1.2)
    scene.timeline_markers.new("wide", frame=1).camera = scene.camera
    scene.timeline_markers.new("close", frame=2).camera = side


@row("Edits that are not saved")
def unsaved_edits(stage: Stage) -> None:
    stage.simple()
    scene = stage.keep()
    scene.objects["Cube"].location.x = -0.5
    scene.objects["Board"].data.materials[0] = stage.material(stage.packed("other", 2), name="Other")
    scene.render.resolution_x = 40
    scene.frame_start = scene.frame_end = 7


@row("A texture that is added after the last saving")
def unsaved_texture(stage: Stage) -> None:
    scene = stage.fresh()
    stage.camera(scene)
    stage.board()
    scene = stage.keep()
    image = stage.image(stage.folder / "textures" / "late.png", 1)
    image.filepath = "//textures/late.png"
    scene.objects["Board"].data.materials[0] = stage.material(image)


@row("A file that was never saved")
def never_saved(stage: Stage) -> None:
    stage.simple()
    stage.never_saved()


@row("A file that was never saved, with a texture by its absolute path")
def never_saved_texture(stage: Stage) -> None:
    scene = stage.fresh()
    stage.camera(scene)
    stage.board(stage.image(stage.folder / "textures" / "steps.png", 2))
    stage.never_saved()


@row("In edit mode, with changes that are not applied yet")
def edit_mode(stage: Stage) -> None:
    stage.simple()
    scene = stage.keep()
    bpy.context.view_layer.objects.active = scene.objects["Cube"]
    bpy.ops.object.mode_set(mode="EDIT")
    bpy.ops.mesh.select_all(action="SELECT")
    bpy.ops.transform.translate(value=(-0.7, -0.2, 0))


@row("A preview range of the timeline is set", warned="preview range")
def preview_range(stage: Stage) -> None:
    scene = stage.moving()
    scene.use_preview_range = True
    scene.frame_preview_start, scene.frame_preview_end = 2, 2


@row("Objects hidden in renders, collections excluded")
def hidden(stage: Stage) -> None:
    scene = stage.simple()
    scene.objects["Cube"].hide_render = True
    away = bpy.data.collections.new("Away")
    scene.collection.children.link(away)
    cover = stage.board(name="Cover", color=(0, 1, 0))
    cover.location.z = 3
    scene.collection.objects.unlink(cover)
    away.objects.link(cover)
    bpy.context.view_layer.layer_collection.children["Away"].exclude = True
    seen = stage.cube("Seen", at=(-0.5, 0, 1))
    seen.hide_set(True)  # in the viewport alone


def two_scenes(stage: Stage) -> tuple[Any, Any]:
    """Two scenes with a board each, of different sizes."""
    first = stage.fresh()
    stage.camera(first)
    stage.board(stage.packed("one", 1), "One")
    second = bpy.data.scenes.new("Second")
    stage.cycles(second)
    second.render.resolution_x, second.render.resolution_y, second.render.resolution_percentage = 40, 24, 100
    second.frame_start = second.frame_end = 5
    second.world = first.world
    bpy.context.window.scene = second
    stage.camera(second, "Second camera")
    stage.board(stage.packed("two", 2), "Two")
    first.use_fake_user = second.use_fake_user = True
    return first, second


def two_layers(stage: Stage) -> Any:
    """View layers Front and Back with a cube each."""
    scene = stage.fresh()
    stage.camera(scene)
    for name, color, x in (("Front", (0.9, 0, 0), -0.4), ("Back", (0, 0.2, 0.9), 0.4)):
        collection = bpy.data.collections.new(name)
        scene.collection.children.link(collection)
        cube = stage.cube(name, at=(x, 0, 0), color=color)
        for old in list(cube.users_collection):
            old.objects.unlink(cube)
        collection.objects.link(cube)
    scene.view_layers[0].name = "Front"
    back = scene.view_layers.new("Back")
    scene.view_layers["Front"].layer_collection.children["Back"].exclude = True
    back.layer_collection.children["Front"].exclude = True
    return scene
