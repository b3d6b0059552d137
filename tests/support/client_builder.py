"""Builds .blend files for tests of the client; runs inside Blender (3.4 to 5.0), once: `client_builder.py -- FOLDER`.

`FOLDER/scenes` gets one file for each scene of SCENES, with what Blender itself says of it beside it as JSON. `FOLDER/project`
is a shot with all kinds of files that it can use, and `FOLDER/elsewhere` what it names outside of the project.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import bpy

FOLDER = Path(sys.argv[-1])
sys.path.insert(0, str(Path(__file__).resolve().parent))

import scene_builders  # noqa: E402

SCENES = ["small_cycles", "workbench", "two_layers", "two_cameras", "movie", "edit", "cloth", "softbody", "particles",
          "rigidbody", "no_camera"]  # fmt: skip


def truth(scene):
    """What Blender says of a scene."""
    render = scene.render
    strips = getattr(scene.sequence_editor, "strips", None) or getattr(scene.sequence_editor, "sequences", None) or ()
    step = f"x{scene.frame_step}" if scene.frame_step > 1 else ""
    return {
        "frame_range": f"{scene.frame_start}-{scene.frame_end}{step}",
        "frame": scene.frame_current,
        "fps": render.fps / round(render.fps_base, 6),
        "format": render.image_settings.file_format,
        "color_depth": render.image_settings.color_depth,
        "engine": render.engine,
        "width": int(render.resolution_x * render.resolution_percentage / 100),
        "height": int(render.resolution_y * render.resolution_percentage / 100),
        "resolution_x": render.resolution_x,
        "resolution_y": render.resolution_y,
        "resolution_percentage": render.resolution_percentage,
        "samples": scene.cycles.samples,
        "scene": scene.name,
        "camera": scene.camera.name if scene.camera else None,
        "cameras": sorted(each.name for each in scene.objects if each.type == "CAMERA"),
        "view_layers": [each.name for each in scene.view_layers if each.use],
        "has_sequencer": render.use_sequencer and any(strip.type != "SOUND" for strip in strips),
        "has_sound": any(strip.type == "SOUND" for strip in strips),
    }


def save(path, **options):
    """Save the file; its active scene's truth goes beside it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    bpy.ops.wm.save_as_mainfile(filepath=str(path), **options)
    path.with_suffix(".json").write_text(json.dumps(truth(bpy.context.scene)), encoding="utf-8")


def scenes():
    """The scenes of the farm's tests, and some with unusual settings."""
    version = bpy.app.version
    # Mantaflow aborts in the wheels.
    for name in [*SCENES, "nodes" if version >= (4, 2) else "fluid"]:
        scene_builders.TARGET = FOLDER / "scenes" / f"{name}.blend"
        scene_builders.TARGET.parent.mkdir(parents=True, exist_ok=True)
        getattr(scene_builders, name)()
        save(scene_builders.TARGET)
    unusual()


def unusual():
    """A second scene is active; odd sizes, rates, frames and formats; only sound in the sequencer."""
    scene_builders.small_cycles()
    scene = bpy.context.scene.copy()
    scene.name = "Zweite Szene ü"
    scene.use_fake_user = True
    bpy.context.window.scene = scene
    render = scene.render
    scene.frame_start, scene.frame_end, scene.frame_step, scene.frame_current = 0, 101, 3, 12
    render.resolution_x, render.resolution_y, render.resolution_percentage = 1999, 1001, 33
    render.fps, render.fps_base = 30, 1.001
    if hasattr(render.image_settings, "media_type"):
        render.image_settings.media_type = "MULTI_LAYER_IMAGE"
    render.image_settings.file_format = "OPEN_EXR_MULTILAYER"
    render.image_settings.color_depth = "32"
    scene.cycles.samples = 77
    extra = scene.view_layers.new("Unused")
    extra.use = False
    tone = FOLDER / "scenes" / "beep.wav"
    scene_builders._tone(tone, 0.1)
    editor = scene.sequence_editor_create()
    (editor.strips if hasattr(editor, "strips") else editor.sequences).new_sound("t", str(tone), 1, 1)
    save(FOLDER / "scenes" / "unusual.blend")
    save(FOLDER / "scenes" / "compressed.blend", compress=True)
    # A scene that nothing uses is not saved, though the file says that it is the active one.
    scene.use_fake_user = False
    bpy.ops.wm.save_as_mainfile(filepath=str(FOLDER / "scenes" / "unsaved_scene.blend"))


# ---- a project ----


def picture(path):
    """A small picture on disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = bpy.data.images.new(path.name, 4, 4)
    image.filepath_raw, image.file_format = str(path), "PNG"
    image.save()
    bpy.data.images.remove(image)
    return path


def textured(name, path, source="FILE"):
    """A material with a picture."""
    material = bpy.data.materials.new(name)
    material.use_nodes = True
    material.use_fake_user = True
    node = material.node_tree.nodes.new("ShaderNodeTexImage")
    node.image = bpy.data.images.load(str(path))
    node.image.source = source
    shader = material.node_tree.nodes["Principled BSDF"]
    material.node_tree.links.new(node.outputs["Color"], shader.inputs["Base Color"])
    return material


def empty():
    """An empty file."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    return bpy.context.scene


def stored(path):
    """Save with relative paths."""
    path.parent.mkdir(parents=True, exist_ok=True)
    bpy.ops.wm.save_as_mainfile(filepath=str(path))
    bpy.ops.file.make_paths_relative()
    bpy.ops.wm.save_as_mainfile(filepath=str(path))


def linked(path, kind, name):
    """One data-block of a library."""
    with bpy.data.libraries.load(str(path), link=True) as (_there, wanted):
        setattr(wanted, kind, [name])
    return getattr(wanted, kind)[0]


def font():
    """A font that comes with Blender."""
    roots = [Path(bpy.utils.resource_path(kind)) for kind in ("LOCAL", "SYSTEM")] + [Path("/usr/share/blender")]
    for root in roots:
        for found in sorted(root.rglob("datafiles/fonts/*")):
            if found.suffix in (".ttf", ".woff2", ".otf"):
                return found
    raise AssertionError("this Blender has no fonts")


def project():
    """shot -> character -> materials, and every other kind of file."""
    root, away = FOLDER / "project", FOLDER / "elsewhere"
    skin, outside = picture(root / "textures/skin.png"), picture(away / "outside.png")
    for number in (1001, 1002):
        picture(root / f"textures/tiles.{number}.png")
    for number in (1, 2, 3):
        picture(root / f"plates/plate_{number:04}.png")
    (root / "sounds").mkdir()
    scene_builders._tone(root / "sounds/tone.wav", 0.1)
    empty()
    textured("Skin", skin)
    stored(root / "libraries/materials.blend")
    scene = empty()
    mesh = bpy.data.meshes.new("Body")
    mesh.materials.append(linked(root / "libraries/materials.blend", "materials", "Skin"))
    body = bpy.data.objects.new("Body", mesh)
    collection = bpy.data.collections.new("Character")
    scene.collection.children.link(collection)
    collection.objects.link(body)
    stored(root / "libraries/character.blend")
    shot(root, outside)


def shot(root, outside):
    """The file that is submitted."""
    scene = empty()
    scene.collection.children.link(linked(root / "libraries/character.blend", "collections", "Character"))
    textured("Tiles", root / "textures/tiles.1001.png", "TILED")
    textured("Plate", root / "plates/plate_0001.png", "SEQUENCE")
    own = root / "shots/fonts" / font().name
    own.parent.mkdir(parents=True, exist_ok=True)
    own.write_bytes(font().read_bytes())
    text = bpy.data.curves.new("Text", "FONT")
    text.font = bpy.data.fonts.load(str(own))
    scene.collection.objects.link(bpy.data.objects.new("Text", text))
    editor = scene.sequence_editor_create()
    strips = editor.strips if hasattr(editor, "strips") else editor.sequences
    strips.new_sound("tone", str(root / "sounds/tone.wav"), 1, 1)
    strips.new_image("title", str(picture(root / "shots/title.png")), 2, 1)
    stored(root / "shots/shot.blend")
    textured("Outside", outside)
    bpy.ops.wm.save_as_mainfile(filepath=str(root / "shots/outside.blend"), relative_remap=False)
    for name in ("gone_a.png", "gone_b.png"):
        textured(name, picture(root / "textures" / name))
        (root / "textures" / name).unlink()
    bpy.ops.wm.save_as_mainfile(filepath=str(root / "shots/missing.blend"), relative_remap=False)


def check():
    """Open a file and say what it does not find; `-- check FILE`."""
    bpy.ops.wm.open_mainfile(filepath=str(FOLDER))
    missing = [
        path for path in bpy.utils.blend_paths(absolute=True) if not Path(path.replace("<UDIM>", "1001")).exists()
    ]
    libraries = [each.filepath for each in bpy.data.libraries if getattr(each, "is_missing", False)]
    pictures = {each.name: list(each.size) for each in bpy.data.images if each.source == "FILE" and each.filepath}
    print("CHECKED " + json.dumps({"missing": missing + libraries, "pictures": pictures}))


if __name__ == "__main__":
    if sys.argv[-2] == "check":
        check()
    else:
        scenes()
        project()
