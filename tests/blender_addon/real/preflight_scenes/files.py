"""Files that the .blend names."""

from __future__ import annotations

from pathlib import Path

import bpy

from .stage import add_object, case, choose, fresh, loaded, png, textured


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
