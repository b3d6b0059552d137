"""Files that a scene uses: textures in all their kinds, libraries, fonts, movies, names of files."""

from __future__ import annotations

import contextlib
import shutil
import struct
from pathlib import Path
from typing import Any

from .rows import row
from .stage import Stage, steps

with contextlib.suppress(ImportError):
    import bpy


@row("Texture, relative path")
def relative_texture(stage: Stage) -> None:
    scene = stage.fresh()
    stage.save()
    stage.camera(scene)
    image = stage.image(stage.folder / "textures" / "steps.png")
    image.filepath = "//textures/steps.png"
    stage.board(image)


@row("Texture, absolute path inside of the project")
def absolute_texture(stage: Stage) -> None:
    scene = stage.fresh()
    stage.camera(scene)
    stage.board(stage.image(stage.folder / "textures" / "steps.png"))


@row("Two textures of the same name, in two folders outside of the project")
def outside_textures(stage: Stage) -> None:
    scene = stage.fresh()
    stage.camera(scene)
    (stage.folder / ".blender_project").mkdir(parents=True, exist_ok=True)
    elsewhere = stage.folder.with_name("elsewhere")
    stage.board(stage.image(elsewhere / "one" / "steps.png"))
    image = stage.image(elsewhere / "two" / "steps.png", 2)
    stage.cube(at=(0.3, 0, 1)).data.materials[0] = stage.material(image, name="Two")


@row("Texture through a symbolic link to a folder outside of the project")
def texture_behind_link(stage: Stage) -> None:
    scene = stage.fresh()
    stage.save()
    stage.camera(scene)
    stage.picture(stage.folder.with_name("shared") / "steps.png", 1)
    (stage.folder / "textures").symlink_to(stage.folder.with_name("shared"), target_is_directory=True)
    image = stage.load(stage.folder / "textures" / "steps.png")
    image.filepath = "//textures/steps.png"
    stage.board(image)


@row("Texture in the folder above, with a project root")
def texture_above(stage: Stage) -> None:
    scene = stage.fresh()
    (stage.folder / ".blender_project").mkdir(parents=True, exist_ok=True)
    stage.blend = stage.folder / "shots" / "010" / "shot.blend"
    stage.save()
    stage.camera(scene)
    image = stage.image(stage.folder / "maps" / "steps.png")
    image.filepath = "//../../maps/steps.png"
    stage.board(image)


@row("UDIM tiles")
def udim(stage: Stage) -> None:
    scene = stage.fresh()
    stage.camera(scene)
    for tile in (1001, 1002):
        stage.picture(stage.folder / f"skin.{tile}.png", tile)
    image = stage.load(stage.folder / "skin.1001.png")
    image.source = "TILED"
    image.filepath = str(stage.folder / "skin.<UDIM>.png")
    if image.tiles.get(1002) is None:
        image.tiles.new(1002)
    board = stage.board(image)
    for corner in board.data.uv_layers.active.data:
        corner.uv[0] *= 2


@row("Image sequence as a texture", shared_out=True)
def image_sequence(stage: Stage) -> None:
    scene = stage.fresh()
    scene.frame_end = 3
    stage.camera(scene)
    for number in range(1, 4):
        stage.picture(stage.folder / "plates" / f"plate_{number:04}.png", number)
    image = stage.load(stage.folder / "plates" / "plate_0001.png")
    image.source = "SEQUENCE"
    board = stage.board(image)
    texture = next(node for node in board.data.materials[0].node_tree.nodes if node.bl_idname == "ShaderNodeTexImage")
    texture.image_user.frame_duration, texture.image_user.frame_start = 3, 1
    texture.image_user.use_auto_refresh = True


@row("Packed image")
def packed_image(stage: Stage) -> None:
    scene = stage.fresh()
    stage.camera(scene)
    stage.board(stage.packed("steps"))


@row("Generated image (color grid)")
def generated_image(stage: Stage) -> None:
    scene = stage.fresh()
    stage.camera(scene)
    image = bpy.data.images.new("grid", 32, 24)
    image.generated_type = "COLOR_GRID"
    stage.board(image)


@row("Image painted in Blender, packed by the add-on's button")
def painted_image(stage: Stage) -> None:
    painted(stage)
    stage.mend("unsaved_images")


@row(
    "Image painted in Blender, neither saved nor packed",
    why="what is painted is only in Blender's memory until it is saved or packed; the add-on's button packs it",
    warned="changes that are not saved",
)
def painted_image_unsaved(stage: Stage) -> None:
    painted(stage)


@row("Texture packed into a linked library")
def packed_in_library(stage: Stage) -> None:
    stage.fresh()
    stage.board(stage.packed("steps", 2))
    library = stage.save(stage.folder / "assets" / "board.blend")
    scene = stage.fresh()
    stage.save()
    stage.camera(scene)
    link(scene, library, "Board")


@row("Linked library with its own texture")
def linked_library(stage: Stage) -> None:
    scene = stage.fresh()
    library = textured_library(stage, stage.folder / "assets" / "board" / "board.blend", 1)
    scene = stage.fresh()
    stage.save()
    stage.camera(scene)
    link(scene, library, "Board")


@row("Libraries that link libraries, with textures at each level")
def nested_libraries(stage: Stage) -> None:
    materials = stage.folder / "lib" / "materials" / "paint.blend"
    stage.fresh()
    stage.save(materials)
    image = stage.image(materials.parent / "tex" / "paint.png", 2)
    image.filepath = "//tex/paint.png"
    stage.material(image, name="Steps").use_fake_user = True
    stage.save(materials)

    props = stage.folder / "lib" / "props" / "board.blend"
    stage.fresh()
    stage.save(props)
    board = stage.board()
    with bpy.data.libraries.load(str(materials), link=True, relative=True) as (_there, wanted):
        wanted.materials = ["Steps"]
    board.data.materials[0] = wanted.materials[0]
    image = stage.image(props.parent / "tex" / "cube.png", 1)
    image.filepath = "//tex/cube.png"
    cube = stage.cube(at=(0.5, 0, 1))
    cube.data.materials[0] = stage.material(image, name="Own")
    collection = bpy.data.collections.new("Prop")
    bpy.context.scene.collection.children.link(collection)
    for thing in (board, cube):
        collection.objects.link(thing)
    stage.save(props)

    scene = stage.fresh()
    stage.blend = stage.folder / "shots" / "shot.blend"
    (stage.folder / ".blender_project").mkdir(exist_ok=True)
    stage.save()
    stage.camera(scene)
    with bpy.data.libraries.load(str(props), link=True, relative=True) as (_there, wanted):
        wanted.collections = ["Prop"]
    holder = bpy.data.objects.new("Prop", None)
    holder.instance_type, holder.instance_collection = "COLLECTION", wanted.collections[0]
    scene.collection.objects.link(holder)


@row("Library override that moves a linked object")
def library_override(stage: Stage) -> None:
    library = textured_library(stage, stage.folder / "assets" / "board.blend", 1)
    scene = stage.fresh()
    stage.save()
    stage.camera(scene)
    board = link(scene, library, "Board").override_create(remap_local_usages=True)
    board.location.x = 0.4


@row("Library packed into the .blend, its file gone")
def packed_library(stage: Stage) -> None:
    stage.fresh()
    stage.board(stage.packed("steps", 2))
    library = stage.save(stage.folder / "assets" / "board.blend")
    scene = stage.fresh()
    stage.save()
    stage.camera(scene)
    link(scene, library, "Board")
    stage.save()
    bpy.ops.file.pack_libraries()
    stage.save()
    library.unlink()


@row("Linked data packed into the .blend, its library gone", series=("5.0",), absent="it came with Blender 5.0")
def packed_links(stage: Stage) -> None:
    library = textured_library(stage, stage.folder / "assets" / "board.blend", 1)
    scene = stage.fresh()
    stage.save()
    stage.camera(scene)
    with bpy.data.libraries.load(str(library), link=True, relative=True, pack=True) as (_there, wanted):
        wanted.objects = ["Board"]
    scene.collection.objects.link(wanted.objects[0])
    stage.save()
    library.unlink()


@row("World of a library, with its HDRI")
def linked_world(stage: Stage) -> None:
    library = stage.folder / "assets" / "sky.blend"
    scene = stage.fresh()
    stage.save(library)
    lit_by(stage, scene, radiance(library.parent / "sky" / "dawn.hdr"))
    scene.world.name, scene.world.use_fake_user = "Sky", True
    bpy.data.images["dawn.hdr"].filepath = "//sky/dawn.hdr"
    stage.save(library)
    scene = stage.fresh()
    stage.save()
    stage.camera(scene).data.type = "PERSP"
    with bpy.data.libraries.load(str(library), link=True, relative=True) as (_there, wanted):
        wanted.worlds = ["Sky"]
    scene.world = wanted.worlds[0]
    stage.cube(size=2).data.materials[0] = bpy.data.materials.new("Gray")


@row("Compressed .blend with a compressed library")
def compressed(stage: Stage) -> None:
    library = textured_library(stage, stage.folder / "assets" / "board.blend", 1, compress=True)
    scene = stage.fresh()
    stage.save()
    stage.camera(scene)
    link(scene, library, "Board")
    bpy.ops.wm.save_as_mainfile(filepath=str(stage.blend), compress=True)


@row("Font of its own")
def font(stage: Stage) -> None:
    scene = stage.fresh()
    stage.camera(scene)
    fonts = Path(bpy.utils.system_resource("DATAFILES", path="fonts"))
    mine = stage.folder / "fonts" / "Thai.woff2"
    mine.parent.mkdir(parents=True)
    shutil.copyfile(next(fonts.glob("NotoSansThai*")), mine)
    stage.board(stage.packed("steps"))
    curve = bpy.data.curves.new("Text", "FONT")
    curve.body, curve.align_x, curve.align_y = "กรุง", "CENTER", "CENTER"
    curve.font = bpy.data.fonts.load(str(mine))
    curve.materials.append(stage.material(color=(0, 0, 0)))
    text = bpy.data.objects.new("Text", curve)
    text.location.z = 1
    scene.collection.objects.link(text)


@row("Movie as a texture", shared_out=True)
def movie_texture(stage: Stage) -> None:
    scene = stage.fresh()
    scene.frame_end = 3
    stage.camera(scene)
    movie = Path(shutil.copyfile(stage.media / "clip.mp4", stage.folder / "clip.mp4"))
    board = stage.board(stage.load(movie))
    texture = next(node for node in board.data.materials[0].node_tree.nodes if node.bl_idname == "ShaderNodeTexImage")
    texture.image_user.frame_duration = 8
    texture.image_user.use_auto_refresh = True


@row("World lit by an HDRI")
def world_hdri(stage: Stage) -> None:
    scene = stage.fresh()
    stage.camera(scene).data.type = "PERSP"
    lit_by(stage, scene, radiance(stage.folder / "sky" / "dawn.hdr"))
    stage.cube(size=2).data.materials[0] = bpy.data.materials.new("Gray")
    scene.cycles.samples = 4


@row("Light profile (IES file)")
def light_profile(stage: Stage) -> None:
    scene = stage.fresh()
    stage.camera(scene)
    profile = stage.folder / "lights" / "lamp.ies"
    profile.parent.mkdir(parents=True)
    angles, candela = "0 10 20 30 40 90", "1000 200 900 100 50 0"
    profile.write_text(f"IESNA:LM-63-2002\nTILT=NONE\n1 1000 1 6 1 1 2 0 0 0\n1 1 100\n{angles}\n0\n{candela}\n")
    board = stage.board()
    board.data.materials[0] = bpy.data.materials.new("Gray")
    lamp = bpy.data.objects.new("Lamp", bpy.data.lights.new("Lamp", "POINT"))
    lamp.location, lamp.data.energy, lamp.data.shadow_soft_size = (0, 0, 1), 100, 0
    lamp.data.use_nodes = True
    tree = lamp.data.node_tree
    node = tree.nodes.new("ShaderNodeTexIES")
    node.mode, node.filepath = "EXTERNAL", str(profile)
    tree.links.new(node.outputs[0], next(n for n in tree.nodes if n.type == "EMISSION").inputs["Strength"])
    scene.collection.objects.link(lamp)


@row("Mesh cache (.pc2)")
def mesh_cache(stage: Stage) -> None:
    scene = stage.moving()
    board = scene.objects["Board"]
    cache = stage.folder / "caches" / "board.pc2"
    cache.parent.mkdir(parents=True)
    corners = [tuple(vertex.co) for vertex in board.data.vertices]
    samples = [value for sample in range(4) for x, y, z in corners for value in (x * (0.4 + 0.2 * sample), y, z)]
    head = struct.pack("<12siiffi", b"POINTCACHE2\0", 1, len(corners), 1.0, 1.0, 4)
    cache.write_bytes(head + struct.pack(f"<{len(samples)}f", *samples))
    modifier = board.modifiers.new("Cache", "MESH_CACHE")
    modifier.cache_format, modifier.filepath = "PC2", str(cache)
    modifier.frame_start = 1


@row("Texture that is missing on the artist's own machine", refused="steps.png")
def missing_texture(stage: Stage) -> None:
    relative_texture(stage)
    stage.keep()
    (stage.folder / "textures" / "steps.png").unlink()


@row("Names with spaces and of all scripts: folder, file, image, object, scene, view layer")
def names(stage: Stage) -> None:
    stage.folder = stage.folder / "Zweiter Ort ü" / "日本語 кадр"
    stage.blend = stage.folder / "Szene Öl №1.blend"
    scene = stage.fresh()
    stage.save()
    scene.name, scene.view_layers[0].name = "Szene für später", "Ebene ß vorn"
    stage.camera(scene, "Kamera é")
    image = stage.image(stage.folder / "Bilder, alle" / "têxture ü 100% #1.png", 2)
    image.name = "Bild ñ"
    image.filepath = "//Bilder, alle/têxture ü 100% #1.png"
    stage.board(image, "Brett Ω")


def painted(stage: Stage) -> None:
    """A picture that the artist has painted since the file was saved."""
    scene = stage.fresh()
    stage.camera(scene)
    stage.board(bpy.data.images.new("canvas", 8, 6))
    stage.keep()
    image = bpy.data.images["canvas"]
    image.pixels = [value / 255 for y in range(6) for x in range(8) for value in (*steps(x, y, 2), 255)]
    image.update()


def lit_by(stage: Stage, scene: Any, picture: Path) -> None:
    """Light the world by a picture."""
    if not stage.five:
        scene.world.use_nodes = True
    tree = scene.world.node_tree
    sky = tree.nodes.new("ShaderNodeTexEnvironment")
    sky.image = stage.load(picture)
    tree.links.new(sky.outputs["Color"], next(n for n in tree.nodes if n.type == "BACKGROUND").inputs["Color"])
    scene.world.cycles.sampling_method, scene.world.cycles.sample_map_resolution = "MANUAL", 64


def textured_library(stage: Stage, path: Path, turn: int, **options: Any) -> Path:
    """A library with a board, whose texture lies beside it."""
    stage.fresh()
    stage.save(path)
    image = stage.image(path.parent / "textures" / "board.png", turn)
    image.filepath = "//textures/board.png"
    stage.board(image)
    bpy.ops.wm.save_as_mainfile(filepath=str(path), **options)
    return path


def link(scene: Any, library: Path, name: str) -> Any:
    """Link an object into the scene."""
    with bpy.data.libraries.load(str(library), link=True, relative=True) as (_there, wanted):
        wanted.objects = [name]
    scene.collection.objects.link(wanted.objects[0])
    return wanted.objects[0]


def radiance(path: Path) -> Path:
    """A small picture of high range, 8 by 4 pixels."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = b"".join(bytes((20 * x + 60, 50 * y + 40, 255 - 30 * x, 129)) for y in range(4) for x in range(8))
    path.write_bytes(b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 4 +X 8\n" + pixels)
    return path
