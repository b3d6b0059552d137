"""Geometry that comes from files: Alembic, USD, OpenVDB."""

from __future__ import annotations

import contextlib
import shutil
from typing import Any

from .rows import row
from .simulations import fog
from .stage import Stage

with contextlib.suppress(ImportError):
    import bpy

LATER = ("4.5", "5.0")
NOT_BUILT = "the Blender 3.4 that these tests have is built without it"


@row("Alembic", series=LATER, absent=NOT_BUILT)
def alembic(stage: Stage) -> None:
    exported = deformed(stage)
    target = stage.folder / "caches" / "cube.abc"
    target.parent.mkdir(parents=True)
    bpy.ops.wm.alembic_export(filepath=str(target), start=1, end=4, selected=True)
    bpy.data.objects.remove(exported)
    stage.save()
    bpy.ops.wm.alembic_import(filepath=str(target), relative_path=True, as_background_job=False)
    shining(stage)


@row("USD", series=LATER, absent=NOT_BUILT)
def usd(stage: Stage) -> None:
    exported = deformed(stage)
    target = stage.folder / "caches" / "cube.usdc"
    target.parent.mkdir(parents=True)
    bpy.ops.wm.usd_export(
        filepath=str(target),
        selected_objects_only=True,
        export_animation=True,
        export_shapekeys=False,
        convert_world_material=False,
    )
    bpy.data.objects.remove(exported)
    stage.save()
    bpy.ops.wm.usd_import(filepath=str(target), relative_path=True)
    shining(stage)


def deformed(stage: Stage) -> Any:
    """A cube that changes its form, selected alone."""
    scene = stage.simple()
    cube = scene.objects["Cube"]
    cube.shape_key_add(name="Basis")
    long = cube.shape_key_add(name="Long")
    for point in long.data:
        point.co.x *= 2.5
    for frame, value in ((1, 0.0), (4, 1.0)):
        long.value = value
        long.keyframe_insert("value", frame=frame)
    scene.frame_start, scene.frame_end = 1, 4
    for each in bpy.context.view_layer.objects:
        each.select_set(each == cube)
    return cube


def shining(stage: Stage) -> None:
    """Check that the imported cube reads its file, and let it shine; two of its frames are rendered."""
    assert any(cache.filepath for cache in bpy.data.cache_files), "nothing reads the file"
    for thing in bpy.context.scene.objects:
        if thing.type == "MESH" and thing.name != "Board":
            thing.data.materials.clear()
            thing.data.materials.append(stage.material(color=(0.1, 0.2, 0.9)))
    bpy.context.scene.frame_start, bpy.context.scene.frame_end = 2, 3


@row("Volume (OpenVDB)")
def volume(stage: Stage) -> None:
    scene = stage.simple()
    bpy.data.objects.remove(scene.objects["Cube"])
    mine = stage.folder / "clouds" / "cloud.vdb"
    mine.parent.mkdir()
    shutil.copyfile(stage.media / "cloud.vdb", mine)
    data = bpy.data.volumes.new("Cloud")
    data.filepath = "//clouds/cloud.vdb"
    data.materials.append(fog(20))
    if hasattr(scene.cycles, "volume_biased"):
        scene.cycles.volume_biased = True  # the exact way takes half a minute of one core
    cloud = bpy.data.objects.new("Cloud", data)
    cloud.location, cloud.scale = (0.2, 0, 1), (0.6, 0.4, 0.3)
    scene.collection.objects.link(cloud)


@row("Geometry nodes that read a file (Import OBJ)", series=LATER, absent="these nodes came with Blender 4.5")
def import_node(stage: Stage) -> None:
    scene = stage.simple()
    model = stage.folder / "models" / "wedge.obj"
    model.parent.mkdir()
    model.write_text("v -0.6 -0.4 1\nv 0.6 -0.4 1\nv 0 0.5 1\nf 1 2 3\n", encoding="utf-8")
    tree = bpy.data.node_groups.new("Read", "GeometryNodeTree")
    tree.interface.new_socket("Geometry", in_out="OUTPUT", socket_type="NodeSocketGeometry")
    reads, lies = tree.nodes.new("GeometryNodeImportOBJ"), tree.nodes.new("GeometryNodeRealizeInstances")
    paint, result = tree.nodes.new("GeometryNodeSetMaterial"), tree.nodes.new("NodeGroupOutput")
    reads.inputs[0].default_value = str(model)
    paint.inputs["Material"].default_value = stage.material(color=(0.9, 0.9, 0.1), name="Yellow")
    for one, other in ((reads, lies), (lies, paint), (paint, result)):
        tree.links.new(one.outputs[0], other.inputs[0])
    thing = scene.objects["Cube"]
    thing.location = (0, 0, 1)
    thing.modifiers.new("Read", "NODES").node_group = tree
