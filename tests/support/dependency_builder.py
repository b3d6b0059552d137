"""Builds .blend files with every kind of file that a .blend can use; runs inside Blender: `dependency_builder.py -- FOLDER`.

`FOLDER/project` is the project; `FOLDER/away` lies outside of it. Beside each .blend a JSON file of the same name says which
files Blender itself lists for it, and which of those are there.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import bpy

FOLDER = Path(sys.argv[-1])
sys.path.insert(0, str(Path(__file__).resolve().parent))

from client_builder import empty, font, linked, picture  # noqa: E402

ROOT = FOLDER / "project ü [1]"
VERSION = bpy.app.version


def junk(path, data=b"x"):
    """A file whose content does not matter; its own name makes it unlike all others."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data + path.name.encode())
    return path


def relative(path, blend):
    """A path as Blender writes it, relative to a file that need not be open."""
    return bpy.path.relpath(str(path), start=str(blend.parent))


def save(path, **options):
    """Save as it is, and what Blender lists."""
    path.parent.mkdir(parents=True, exist_ok=True)
    bpy.ops.wm.save_as_mainfile(filepath=str(path), relative_remap=False, **options)
    bpy.ops.wm.open_mainfile(filepath=str(path))
    listed = sorted(set(bpy.utils.blend_paths(absolute=True, packed=False, local=False)))
    path.with_suffix(".json").write_text(json.dumps(listed), encoding="utf-8")


def image(name, path, source="FILE"):
    """An image that is used by nothing but a material's node."""
    material = bpy.data.materials.new(name)
    material.use_nodes = True
    material.use_fake_user = True
    node = material.node_tree.nodes.new("ShaderNodeTexImage")
    node.image = bpy.data.images.new(name, 4, 4)
    node.image.source = source
    node.image.filepath = path
    return material


def strips_of(scene):
    """The strips of a scene's editor."""
    editor = scene.sequence_editor or scene.sequence_editor_create()
    return editor.strips if hasattr(editor, "strips") else editor.sequences


def grid(scene, name):
    """A small mesh."""
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [], [(0, 1, 2)])
    thing = bpy.data.objects.new(name, mesh)
    scene.collection.objects.link(thing)
    return thing


# ---- kinds of files, each below its own folder of the project ----


def pictures(blend):
    """Single pictures, tiles, sequences with their number anywhere, a movie; one that is packed and not there."""
    folder = ROOT / "pictures"
    image("single", relative(picture(folder / "single #1 ä.png"), blend))
    for tile in (1001, 1012):
        picture(folder / f"tiles.{tile}.png")
    image("udim", relative(folder / "tiles.<UDIM>.png", blend), "TILED")
    for tile in ("u1_v1", "u2_v1"):
        picture(folder / f"uv.{tile}.png")
    image("uvtile", relative(folder / "uv.<UVTILE>.png", blend), "TILED")
    for frame in (3, 4):
        junk(folder / f"middle_{frame:04}_left.png")
        junk(folder / f"end.{frame:03}.png")
        junk(folder / f"{frame:04}.png")
    junk(folder / "middle_extra_left.png")
    image("middle", relative(folder / "middle_0001_left.png", blend), "SEQUENCE")
    image("end", relative(folder / "end.003.png", blend), "SEQUENCE")
    image("digits", relative(folder / "0003.png", blend), "SEQUENCE")
    image("movie", relative(junk(folder / "movie.mp4"), blend), "MOVIE")
    gone = picture(folder / "packed.png")
    material = image("packed", relative(gone, blend))
    packed = bpy.data.images.load(str(gone))
    packed.pack()
    material.node_tree.nodes["Image Texture"].image = packed
    gone.unlink()


def windows(blend):
    """A path with backslashes; it is found on any platform."""
    way = relative(picture(ROOT / "windows/wood.png"), blend).removeprefix("//")
    image("backslashes", "//" + way.replace("/", "\\"))


def sequencer(scene, blend):
    """A picture, pictures with names of no order, a movie, a sound, a text with a font, inside a meta strip; a clip."""
    folder = ROOT / "edit"
    folder.mkdir(parents=True)
    strips = strips_of(scene)
    strips.new_image("one", relative(picture(folder / "one.png"), blend), 1, 1)
    many = strips.new_image("many", relative(picture(folder / "first.png"), blend), 2, 1)
    for name in ("zweites.png", "le troisième.png"):
        picture(folder / name)
        many.elements.append(name)
    (folder / "beside").mkdir()
    strips.new_image("beside", "//beside.png", 3, 1)
    picture(blend.parent / "beside.png")
    sound = bpy.data.sounds.load(str(junk(folder / "sound.wav")))
    sound.use_fake_user = True
    sound.filepath = relative(folder / "sound.wav", blend)
    clip = bpy.data.movieclips.load(str(junk(folder / "clip.mov")))
    clip.use_fake_user = True
    clip.filepath = relative(folder / "clip.mov", blend)
    for frame in (1, 2):
        picture(folder / f"shot_{frame:04}.png")
    clip = bpy.data.movieclips.load(str(folder / "shot_0001.png"))
    clip.use_fake_user = True
    clip.filepath = relative(folder / "shot_0001.png", blend)


def fonts(scene, blend):
    """A font of a text object."""
    own = ROOT / "fonts" / f"own{font().suffix}"
    own.parent.mkdir(parents=True)
    own.write_bytes(font().read_bytes())
    text = bpy.data.curves.new("Text", "FONT")
    text.font = bpy.data.fonts.load(str(own))
    text.font.filepath = relative(own, blend)
    scene.collection.objects.link(bpy.data.objects.new("Text", text))


def volumes(scene, blend):
    """A single volume and a sequence."""
    folder = ROOT / "volumes"
    for name, path, is_sequence in (("single", "smoke.vdb", False), ("sequence", "fire_0001.vdb", True)):
        volume = bpy.data.volumes.new(name)
        volume.filepath = relative(junk(folder / path), blend)
        volume.is_sequence = is_sequence
        scene.collection.objects.link(bpy.data.objects.new(name, volume))
    junk(folder / "fire_0002.vdb")


def caches(scene, blend):
    """Cache files of Alembic: single, sequence, with a layer; used by a modifier and a constraint. A mesh cache, an ocean."""
    folder = ROOT / "caches"
    for name in ("single.abc", "seq_0001.abc", "seq_0002.abc", "constraint.usda", "layer.abc"):
        junk(folder / name)
    files = {}
    for name in ("single.abc", "seq_0001.abc", "constraint.usda"):
        bpy.ops.cachefile.open(filepath=str(folder / name), relative_path=False)
        (files[name],) = [
            each for each in bpy.data.cache_files if each.name not in {known.name for known in files.values()}
        ]
        files[name].filepath = relative(folder / name, blend)
    files["seq_0001.abc"].is_sequence = True
    if hasattr(files["single.abc"], "layers"):
        files["single.abc"].layers.new(relative(folder / "layer.abc", blend))
    thing = grid(scene, "cached")
    for name in ("single.abc", "seq_0001.abc"):
        thing.modifiers.new(name, "MESH_SEQUENCE_CACHE").cache_file = files[name]
    thing.constraints.new("TRANSFORM_CACHE").cache_file = files["constraint.usda"]
    mesh_cache = thing.modifiers.new("mdd", "MESH_CACHE")
    mesh_cache.filepath = relative(junk(folder / "points.mdd"), blend)
    ocean = grid(scene, "sea").modifiers.new("Ocean", "OCEAN")
    ocean.filepath = relative(folder / "ocean", blend)
    for name in ("disp_0001.exr", "foam_0001.exr"):
        junk(folder / "ocean" / name)


def simulations(scene, blend):
    """Point caches on disk with and without a name, an external one, of cloth, soft body, particles and hair; a fluid."""
    cloth = grid(scene, "tücher").modifiers.new("Cloth", "CLOTH").point_cache
    cloth.use_disk_cache = True
    cloth = grid(scene, "cloth").modifiers.new("Cloth", "CLOTH").point_cache
    cloth.use_disk_cache, cloth.name = True, "named"
    free = grid(scene, "free").modifiers.new("Cloth", "CLOTH").point_cache
    free.use_disk_cache, free.name = True, "free"
    free.use_library_path = False  # linked, it is looked for beside the file that is open
    jelly = grid(scene, "jelly").modifiers.new("Softbody", "SOFT_BODY").point_cache
    jelly.use_disk_cache, jelly.name = True, "jelly"
    system = grid(scene, "emitter").modifiers.new("Dust", "PARTICLE_SYSTEM").particle_system
    system.point_cache.use_disk_cache, system.point_cache.name = True, "dust"
    system = grid(scene, "head").modifiers.new("Hair", "PARTICLE_SYSTEM").particle_system
    system.settings.type = "HAIR"
    system.use_hair_dynamics = True
    system.point_cache.use_disk_cache, system.point_cache.name = True, "hair"
    external = grid(scene, "external").modifiers.new("Cloth", "CLOTH").point_cache
    external.use_external = True
    external.filepath = relative(ROOT / "external cache", blend)
    junk(ROOT / "external cache" / "flag_000001_00.bphys")
    fluid = grid(scene, "domain").modifiers.new("Fluid", "FLUID")
    fluid.fluid_type = "DOMAIN"
    fluid.domain_settings.cache_directory = relative(ROOT / "fluid", blend)


def simulated():
    """What the simulations left on disk; to be made last, as Blender clears caches that do not fit."""
    for stem in ("every kind", "absolute"):
        for name in ("tücher".encode().hex().upper(), "named", "jelly", "dust", "hair", "free"):
            junk(ROOT / "shots" / f"blendcache_{stem}" / f"{name}_000001_00.bphys")
    junk(ROOT / "shots/blendcache_every kind/unrelated.txt")
    junk(ROOT / "shots/blendcache_shot/free_000001_00.bphys")
    junk(ROOT / "fluid/config/config_0001.uni")
    junk(ROOT / "fluid/data/fluid_data_0001.vdb")


def bakes(scene, blend):
    """A geometry-nodes modifier with bakes below its folder, one with a folder of its own, and one that has packed them."""
    tree = bpy.data.node_groups.new("Sim", "GeometryNodeTree")
    for way in ("INPUT", "OUTPUT"):
        tree.interface.new_socket("Geometry", in_out=way, socket_type="NodeSocketGeometry")
    begin, end = tree.nodes.new("GeometryNodeSimulationInput"), tree.nodes.new("GeometryNodeSimulationOutput")
    begin.pair_with_output(end)
    bake = tree.nodes.new("GeometryNodeBake")
    into, out = tree.nodes.new("NodeGroupInput"), tree.nodes.new("NodeGroupOutput")
    for output, socket in (
        (into.outputs[0], begin.inputs[0]), (begin.outputs["Geometry"], end.inputs["Geometry"]),
        (end.outputs["Geometry"], bake.inputs[0]), (bake.outputs[0], out.inputs[0]),
    ):  # fmt: skip
        tree.links.new(output, socket)
    for name, target in (("baked", "DISK"), ("packed", "PACKED")):
        modifier = grid(scene, name).modifiers.new("Sim", "NODES")
        modifier.node_group = tree
        modifier.bake_target = target
        modifier.bake_directory = relative(ROOT / f"bakes/{name}", blend)
        junk(ROOT / f"bakes/{name}/{modifier.bakes[0].bake_id}/meta/1_00.json")
        if target == "DISK":
            modifier.bakes[1].use_custom_path = True
            modifier.bakes[1].directory = relative(ROOT / "bakes/own folder", blend)
            junk(ROOT / "bakes/own folder/blobs/1_00.blob")


def nodes(scene, blend):
    """OSL scripts, lamp profiles, import nodes; an external text."""
    folder = ROOT / "nodes"
    trees = {"MA": bpy.data.materials.new("scripted"), "WO": bpy.data.worlds.new("scripted")}
    trees["LA"] = bpy.data.lights.new("scripted", "POINT")
    for code, owner in trees.items():
        owner.use_nodes = True
        owner.use_fake_user = True
        script = owner.node_tree.nodes.new("ShaderNodeScript")
        script.mode = "EXTERNAL"
        script.filepath = relative(junk(folder / f"{code}.osl"), blend)
        profile = owner.node_tree.nodes.new("ShaderNodeTexIES")
        profile.mode = "EXTERNAL"
        profile.filepath = relative(junk(folder / f"{code}.ies"), blend)
    text = bpy.data.texts.load(str(junk(folder / "external.py", b"#")))
    text.use_fake_user = True
    text.filepath = relative(folder / "external.py", blend)
    if not hasattr(bpy.types, "GeometryNodeImportOBJ"):
        return
    tree = bpy.data.node_groups.new("Import", "GeometryNodeTree")
    tree.use_fake_user = True
    for kind in ("OBJ", "PLY", "STL", "CSV", "VDB", "Text"):
        if hasattr(bpy.types, f"GeometryNodeImport{kind}"):
            node = tree.nodes.new(f"GeometryNodeImport{kind}")
            node.inputs[0].default_value = relative(junk(folder / f"imported.{kind.lower()}"), blend)


def everything(scene, blend):
    """All kinds in one file, which is there from the beginning: relative paths and caches on disk need that."""
    blend.parent.mkdir(parents=True)
    bpy.ops.wm.save_as_mainfile(filepath=str(blend))
    pictures(blend)
    windows(blend)
    sequencer(scene, blend)
    fonts(scene, blend)
    volumes(scene, blend)
    caches(scene, blend)
    simulations(scene, blend)
    nodes(scene, blend)
    if VERSION >= (4, 2):
        bakes(scene, blend)


# ---- files that use others ----


def carried(library, path, **kinds):
    """A file with a collection, of which the only object points to linked data-blocks by its properties."""
    scene = empty()
    path.parent.mkdir(parents=True, exist_ok=True)
    bpy.ops.wm.save_as_mainfile(filepath=str(path))
    carrier = bpy.data.objects.new("Carrier", None)
    collection = bpy.data.collections.new("Carrier")
    scene.collection.children.link(collection)
    collection.objects.link(carrier)
    with bpy.data.libraries.load(str(library), link=True, relative=False) as (there, wanted):
        for kind, names in kinds.items():
            setattr(wanted, kind, names or [name for name in getattr(there, kind)])
    for kind in kinds:
        for number, block in enumerate(getattr(wanted, kind)):
            carrier[f"{kind} {number}"] = block
    return carrier


def absolute(path):
    """The open file with absolute paths, those that Blender's own operator leaves out too."""
    bpy.ops.file.make_paths_absolute()
    for thing in bpy.data.objects:
        for modifier in thing.modifiers:
            if hasattr(modifier, "bake_directory"):
                modifier.bake_directory = bpy.path.abspath(modifier.bake_directory)
                for bake in modifier.bakes:
                    bake.directory = bpy.path.abspath(bake.directory)
    save(path, compress=True)


def main():
    """The files of the tests."""
    shots, libraries = ROOT / "shots", ROOT / "libraries"
    kinds = shots / "every kind.blend"
    everything(empty(), kinds)
    save(kinds)
    absolute(shots / "absolute.blend")
    every = ("objects", "materials", "worlds", "lights", "node_groups", "movieclips", "texts", "sounds")
    carried(kinds, libraries / "middle.blend", **dict.fromkeys(every, ()))
    save(libraries / "middle.blend", compress=True)
    scene = empty()
    bpy.ops.wm.save_as_mainfile(filepath=str(shots / "shot.blend"))
    scene.collection.children.link(linked(libraries / "middle.blend", "collections", "Carrier"))
    bpy.data.libraries["middle.blend"].filepath = relative(libraries / "middle.blend", shots / "shot.blend")
    save(shots / "shot.blend")
    carried(kinds, shots / "one.blend", materials=["single"])
    save(shots / "one.blend")
    empty()
    image("drive", "C:\\textures\\wood.png")
    image("share", "\\\\server\\share\\wood.png")
    save(shots / "foreign.blend")
    if VERSION >= (5, 0):
        packed = ROOT / "packed" / "deep" / "packed.blend"
        carrier = carried(kinds, packed, materials=["single"])
        carrier["materials 0"] = bpy.data.pack_linked_ids_hierarchy(carrier["materials 0"])
        save(packed)
    simulated()


def check():
    """Open files and say which of those that Blender lists are not there: `-- check FILE …`."""
    found = {}
    for path in sys.argv[sys.argv.index("check") + 1 :]:
        bpy.ops.wm.open_mainfile(filepath=path)
        listed = sorted(set(bpy.utils.blend_paths(absolute=True, packed=False, local=False)))
        found[path] = [each for each in listed if not Path(each).exists()]
        found[path] += [each.filepath for each in bpy.data.libraries if getattr(each, "is_missing", False)]
        found[path] += bakes_not_there()
    print("CHECKED " + json.dumps(found))


def bakes_not_there():
    """Bake folders are no part of what Blender lists."""
    modifiers = [
        modifier for thing in bpy.data.objects for modifier in thing.modifiers if hasattr(modifier, "bake_directory")
    ]
    paths = [modifier.bake_directory for modifier in modifiers if modifier.bake_target == "DISK"]
    paths += [bake.directory for modifier in modifiers for bake in modifier.bakes if bake.use_custom_path]
    return [path for path in paths if path and not Path(bpy.path.abspath(path)).is_dir()]


if __name__ == "__main__":
    if "check" in sys.argv:
        check()
    else:
        main()
