"""Run in a Blender with the add-on: scenes that have a fault each, and what preflight says of them, as JSON.

Of each case there is a scene with the fault and one without. If the finding has a fix, it is made by the real
operator, checked again, then undone and checked again.
"""

from __future__ import annotations

import importlib
import json
import math
import os
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy

MODULE, WORK, TARGET = sys.argv[-3:]
runtime = importlib.import_module(MODULE + ".runtime")
preflight = importlib.import_module(MODULE + ".preflight")
here = importlib.import_module(MODULE + ".preflight.here")
operators = importlib.import_module(MODULE + ".preflight.operators")
catalogues = importlib.import_module(MODULE + ".core.catalogue")
VERSION = bpy.app.version[:2]
SERIES = "{}.{}".format(*VERSION)
Scene = Callable[[], Any]
CASES: dict[str, tuple[str, Scene, Scene]] = {}
FOLDERS = iter(range(1000))


def case(check: str, good: Scene) -> Callable[[Scene], Scene]:
    """A case of a check, named as the function that builds the fault; `good` builds the scene without."""

    def keep(bad: Scene) -> Scene:
        CASES[bad.__name__] = (check, bad, good)
        return bad

    return keep


# ---- the farm and the scene ----


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


# ---- cases: what is chosen, and the farm ----


@case("farm", fine)
def nobody_there() -> None:
    fresh()
    farm()
    runtime.current().catalogue = replace(FARM, workers=())


@case("farm", fine)
def unknown_tag() -> None:
    fresh()
    choose(tags=["rtx"])


@case("farm", fine)
def only_looks() -> None:
    fresh()
    farm(role="viewer")


@case("job", fine)
def bad_priority() -> None:
    fresh()
    choose(priority=5000)


@case("job", fine)
def bad_setting() -> None:
    fresh()
    choose(render__frames="many")


@case("job", fine)
def no_name() -> None:
    fresh(saved=False)


@case("job", fine)
def blank_name() -> None:
    fresh()
    choose(name="  ")


@case("version", fine)
def newer_than_any() -> None:
    fresh()
    farm(worker(blenders=("3.0.1",)))


@case("version", fine)
def no_such_blender() -> None:
    fresh()
    farm(worker(blenders=("9.1.0",)))
    choose(blender="9.0")


@case("version", fine)
def other_series() -> None:
    fresh()
    farm(worker(blenders=("9.1.0",)))


@case("version", fine)
def several_series() -> None:
    fresh()
    farm(worker(), worker(name="other", blenders=("9.1.0",)))


@case("version", fine)
def older_wanted() -> None:
    fresh()
    choose(blender="2.93")


# ---- cases: the scene ----


class OwnEngine(bpy.types.RenderEngine):
    bl_idname = "OWN_ENGINE"
    bl_label = "Own"


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


# ---- cases: files ----


def picture_there() -> None:
    folder = fresh()
    textured(loaded(png(folder / "tex" / "wood.png")))


@case("missing_files", picture_there)
def picture_gone() -> None:
    folder = fresh()
    textured(loaded(png(folder / "tex" / "wood.png")))
    (folder / "tex" / "wood.png").unlink()


@case("missing_files", picture_there)
def picture_gone_but_allowed() -> None:
    picture_gone()
    choose(allow_missing=True)


def tiled(*numbers: int) -> Path:
    folder = fresh()
    for number in numbers:
        png(folder / f"skin.{number}.png")
    image = bpy.data.images.new("Skin", 4, 4, tiled=True)
    image.source, image.filepath = "TILED", "//skin.<UDIM>.png"
    if 1002 not in [tile.number for tile in image.tiles]:
        image.tiles.new(1002)
    textured(image)
    return folder


def tiles_there() -> None:
    tiled(1001, 1002)


@case("missing_files", picture_there)
def picture_moved() -> None:
    folder = fresh()
    textured(loaded(png(folder / "tex" / "wood.png")))
    (folder / "old").mkdir()
    (folder / "tex" / "wood.png").rename(folder / "old" / "wood.png")


@case("missing_files", tiles_there)
def tile_gone() -> None:
    folder = tiled(1001, 1002)
    (folder / "skin.1002.png").unlink()


def sequence(*numbers: int) -> None:
    folder = fresh()
    for number in numbers:
        png(folder / f"fire.{number:04d}.png")
    image = loaded(folder / f"fire.{numbers[0]:04d}.png")
    image.source = "SEQUENCE"
    node = textured(image)
    node.image_user.frame_start, node.image_user.frame_duration, node.image_user.use_auto_refresh = 1, 5, True


def sequence_there() -> None:
    sequence(1, 2, 3, 4, 5)


@case("sequences", sequence_there)
def sequence_gap() -> None:
    sequence(1, 2, 5)


def sound_there() -> None:
    folder = fresh()
    tone(folder / "tone.wav")
    bpy.data.sounds.load("//tone.wav").use_fake_user = True


def tone(path: Path) -> None:
    import wave

    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"\0\0" * 800)


@case("missing_files", sound_there)
def sound_gone() -> None:
    sound_there()
    Path(bpy.path.abspath("//tone.wav")).unlink()


def volume_there() -> None:
    folder = fresh()
    (folder / "smoke.vdb").write_bytes(b"vdb")
    volume = bpy.data.volumes.new("Smoke")
    volume.filepath = "//smoke.vdb"
    add_object("Smoke", volume)


@case("missing_files", volume_there)
def volume_gone() -> None:
    volume_there()
    Path(bpy.path.abspath("//smoke.vdb")).unlink()


def strip_there() -> Path:
    folder = fresh()
    for number in (1, 2):
        png(folder / "edit" / f"{number:04d}.png")
    editor = bpy.context.scene.sequence_editor_create()
    strips = editor.strips if hasattr(editor, "strips") else editor.sequences
    strip = strips.new_image("Edit", str(folder / "edit" / "0001.png"), 1, 1)
    strip.directory = "//edit/"
    strip.elements.append("0002.png")
    return folder


@case("missing_files", strip_there)
def strip_gone() -> None:
    (strip_there() / "edit" / "0002.png").unlink()


def profile_there() -> None:
    folder = fresh()
    (folder / "lamp.ies").write_text("IESNA:LM-63-1995\n")
    lamp = bpy.data.lights.new("Lamp", "POINT")
    lamp.use_nodes = True
    node = lamp.node_tree.nodes.new("ShaderNodeTexIES")
    node.mode, node.filepath = "EXTERNAL", "//lamp.ies"
    add_object("Lamp", lamp)


@case("missing_files", profile_there)
def profile_gone() -> None:
    profile_there()
    Path(bpy.path.abspath("//lamp.ies")).unlink()


@case("absolute_paths", picture_there)
def absolute_picture() -> None:
    picture_there()
    for image in bpy.data.images:
        if image.source == "FILE":
            image.filepath = bpy.path.abspath(image.filepath)


@case("absolute_paths", strip_there)
def absolute_strip() -> None:
    folder = strip_there()
    editor = bpy.context.scene.sequence_editor
    for strip in editor.strips_all if hasattr(editor, "strips_all") else editor.sequences_all:
        strip.directory = str(folder / "edit") + "/"


@case("absolute_paths", picture_there)
def outside_picture() -> None:
    folder = fresh()
    outside = png(folder.parent / f"outside{folder.name}.png")
    textured(bpy.data.images.load(str(outside)))


def packed_picture() -> None:
    fresh()
    image = bpy.data.images.new("Painted", 4, 4)
    image.pixels[:] = [1.0] * 64
    image.pack()
    textured(image)


@case("unsaved_images", packed_picture)
def painted_picture() -> None:
    fresh()
    image = bpy.data.images.new("Painted", 4, 4)
    image.pixels[0] = 0.5
    image.update()
    textured(image)


def frames_elsewhere() -> None:
    fresh()


@case("results", frames_elsewhere)
def frames_there() -> None:
    folder = fresh()
    png(folder / "out" / "0002.png")


# ---- cases: libraries ----


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


# ---- cases: simulations ----


def cloth() -> Any:
    fresh()
    thing = cube("Flag")
    thing.modifiers.new("Cloth", "CLOTH")
    return thing


def cloth_baked() -> None:
    cloth()
    cache = bpy.data.objects["Flag"].modifiers["Cloth"].point_cache
    cache.frame_end = 3
    with bpy.context.temp_override(scene=bpy.context.scene, point_cache=cache):
        bpy.ops.ptcache.bake(bake=True)


@case("simulations", cloth_baked)
def cloth_not_baked() -> None:
    cloth()


def cloth_on_disk() -> Path:
    cloth()
    cache = bpy.data.objects["Flag"].modifiers["Cloth"].point_cache
    cache.frame_end, cache.name, cache.use_disk_cache = 3, "flag", True
    with bpy.context.temp_override(scene=bpy.context.scene, point_cache=cache):
        bpy.ops.ptcache.bake(bake=True)
    return Path(bpy.data.filepath).with_name("blendcache_shot")


@case("caches", cloth_on_disk)
def cache_gone() -> None:
    shutil.rmtree(cloth_on_disk())


@case("simulations", cloth_baked)
def particles_not_baked() -> None:
    fresh()
    cube("Cloud").modifiers.new("Cloud", "PARTICLE_SYSTEM")


def nodes_zone() -> Any:
    fresh()
    tree = bpy.data.node_groups.new("Sim", "GeometryNodeTree")
    tree.interface.new_socket("Geometry", in_out="INPUT", socket_type="NodeSocketGeometry")
    tree.interface.new_socket("Geometry", in_out="OUTPUT", socket_type="NodeSocketGeometry")
    begin, end = tree.nodes.new("GeometryNodeSimulationInput"), tree.nodes.new("GeometryNodeSimulationOutput")
    begin.pair_with_output(end)
    tree.links.new(tree.nodes.new("NodeGroupInput").outputs[0], begin.inputs["Geometry"])
    tree.links.new(begin.outputs["Geometry"], end.inputs["Geometry"])
    tree.links.new(end.outputs["Geometry"], tree.nodes.new("NodeGroupOutput").inputs[0])
    thing = cube("Sim")
    modifier = thing.modifiers.new("Sim", "NODES")
    modifier.node_group = tree
    bpy.context.view_layer.update()
    modifier.bake_target, modifier.bake_directory = "DISK", "//bakes"
    bpy.context.view_layer.objects.active = thing
    return thing


def nodes_baked() -> None:
    thing = nodes_zone()
    for each in thing.modifiers["Sim"].bakes:
        bpy.ops.object.geometry_node_bake_single(
            session_uid=thing.session_uid, modifier_name="Sim", bake_id=each.bake_id
        )


if VERSION >= (4, 2):

    @case("simulations", nodes_baked)
    def nodes_not_baked() -> None:
        nodes_zone()


# ---- cases: add-ons, scripts, drivers ----


class OwnNode(bpy.types.ShaderNodeCustomGroup):
    bl_idname = "OwnNode"
    bl_label = "Own"


def plain_node() -> None:
    fresh()
    textured(None)


@case("addons", plain_node)
def node_of_addon() -> None:
    fresh()
    bpy.utils.register_class(OwnNode)
    textured(None)
    bpy.data.materials["Paint"].node_tree.nodes.new("OwnNode")


@case("addons", plain_node)
def node_unknown() -> None:
    node_of_addon()
    bpy.ops.wm.save_mainfile()
    file = bpy.data.filepath
    forget_all()
    bpy.ops.wm.open_mainfile(filepath=file)


def listening(*_: Any) -> None:
    """What an add-on does at each frame."""


listening.__module__ = "bl_ext.blender_org.shaker.handlers"


@case("addons", fine)
def addon_listens() -> None:
    fresh()
    bpy.app.handlers.frame_change_pre.append(listening)


def script(register: bool) -> None:
    fresh()
    text = bpy.data.texts.new("rig.py")
    text.write("import bpy\ndef wave(x): return x\nbpy.app.driver_namespace['wave'] = wave\n")
    text.use_module = register


def script_of_trusted_project() -> None:
    script(True)
    farm(projects=("film",), scripts_allowed=frozenset({"film"}))
    choose(project="film")


@case("scripts", script_of_trusted_project)
def script_registers() -> None:
    script(True)


def driven(expression: str) -> None:
    thing = add_object("Driven")
    driver = thing.driver_add("location", 0).driver
    driver.expression = expression


def plain_driver() -> None:
    fresh()
    driven("sin(frame / 10) + max([1, 2])")


@case("drivers", plain_driver)
def driver_with_function() -> None:
    fresh()
    bpy.app.driver_namespace["wave"] = math.sin
    driven("wave(frame)")


def trusted_driver() -> None:
    script_of_trusted_project()
    driven("wave(frame)")


@case("drivers", trusted_driver)
def driver_with_attribute() -> None:
    fresh()
    driven("bpy.context.scene.frame_current")


def edit_of_sound() -> None:
    fresh()
    bpy.context.scene.sequence_editor_create()


@case("sequencer", edit_of_sound)
def edit_instead() -> None:
    strip_there()


@case("sequencer", strip_there)
def no_edit() -> None:
    fresh()
    choose(render__sequencer="on")


# ---- what is seen ----


def shown(findings: list[Any]) -> list[dict[str, Any]]:
    return [
        {
            "check": each.check,
            "severity": each.severity.name,
            "text": each.text,
            "fix": each.fix,
            "where": each.where and [each.where.collection, each.where.name, each.where.part, each.where.editor],
        }
        for each in findings
    ]


def checked() -> list[Any]:
    bpy.ops.flamenco.check()
    return list(runtime.current().findings)


def forget_all() -> None:
    """What a case left behind; classes last, as an old Blender crashes if it frees their nodes without them."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    runtime.current().choices.replace(runtime.current().blend, {})
    runtime.current().choices.replace("", {})
    os.environ.pop("OCIO", None)
    bpy.app.driver_namespace.pop("wave", None)
    if listening in bpy.app.handlers.frame_change_pre:
        bpy.app.handlers.frame_change_pre.remove(listening)
    for own in (OwnNode, OwnEngine):
        if own.is_registered:
            bpy.utils.unregister_class(own)


def observe(check: str, bad: Scene, good: Scene) -> dict[str, Any]:
    forget_all()
    bad()
    found = checked()
    seen: dict[str, Any] = {"check": check, "bad": shown(found)}
    fixable = next((number for number, each in enumerate(found) if each.fix and each.check == check), None)
    selectable = [number for number, each in enumerate(found) if each.where]
    seen["selected"] = [select(number) for number in selectable]
    if fixable is not None:
        bpy.ops.ed.undo_push(message="before")
        choices = dict(runtime.current().choices.all(runtime.current().blend))
        bpy.ops.flamenco.fix_finding(index=fixable, alike=True)
        seen["fixed"] = shown(runtime.current().findings)
        seen["chosen"] = runtime.current().choices.all(runtime.current().blend) != choices
        if not seen["chosen"]:
            bpy.ops.ed.undo()
            seen["undone"] = shown(checked())
    forget_all()
    good()
    seen["good"] = shown(checked())
    return seen


def select(number: int) -> str:
    """Go to a finding; what became active."""
    bpy.ops.flamenco.select_finding(index=number)
    active = bpy.context.view_layer.objects.active
    return active.name if active is not None and active.select_get() else ""


def gate() -> dict[str, Any]:
    """What scripts hear of errors and warnings, and that a job comes of a scene without errors."""
    told: dict[str, Any] = {}
    forget_all()
    region()
    for name, options in (("strict", {"ignore_warnings": False}), ("lax", {})):
        try:
            bpy.ops.flamenco.submit_job(name="gate", **options)
            told[name] = runtime.current().last_job
        except RuntimeError as error:
            told[name] = str(error)
    no_camera()
    for name, operator in (("error", bpy.ops.flamenco.submit_job), ("button", bpy.ops.flamenco.send)):
        try:
            operator()
            told[name] = "sent"
        except RuntimeError as error:
            told[name] = str(error)
    return told


def pauses() -> dict[str, int]:
    """How often the reading of a large scene can be interrupted."""
    forget_all()
    fresh()
    mesh = bpy.data.meshes.new("Many")
    for number in range(MANY):
        add_object(f"many{number:05d}", mesh)
        block = bpy.data.materials.new(f"many{number:05d}")
        block.use_fake_user = True
    collecting = preflight.Collecting(here.subject(bpy.context.scene))
    steps = 1
    while not collecting.step(0.0):
        steps += 1
    return {"blocks": 2 * MANY, "steps": steps}


MANY = 2000
FARM = catalogues.fetch_catalogue(runtime.current().client())
results: dict[str, Any] = {}
for name, (check, bad, good) in CASES.items():
    began = time.perf_counter()
    print("CASE", name, flush=True)
    try:
        results[name] = observe(check, bad, good)
    except Exception:
        import traceback

        results[name] = {"error": traceback.format_exc()}
    results[name]["seconds"] = time.perf_counter() - began
for name, view in (("gate", gate), ("pauses", pauses)):
    print("CASE", name, flush=True)
    results[name] = view()
Path(TARGET).write_text(json.dumps(results, indent=1), encoding="utf-8")
print("DONE", len(results))
