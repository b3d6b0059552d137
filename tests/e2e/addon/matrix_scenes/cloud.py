"""Makes a volume, inside Blender 4.5, which bakes one of geometry nodes to an OpenVDB file: `cloud.py -- TARGET`."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

import bpy


def main(target: Path) -> None:
    """Bake a cube full of fog."""
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    thing = bpy.data.objects.new("Maker", bpy.data.meshes.new("Maker"))
    bpy.context.scene.collection.objects.link(thing)
    tree = bpy.data.node_groups.new("Maker", "GeometryNodeTree")
    tree.interface.new_socket("Geometry", in_out="OUTPUT", socket_type="NodeSocketGeometry")
    cube, fill = tree.nodes.new("GeometryNodeMeshCube"), tree.nodes.new("GeometryNodeMeshToVolume")
    bake, result = tree.nodes.new("GeometryNodeBake"), tree.nodes.new("NodeGroupOutput")
    fill.inputs["Voxel Amount"].default_value = 6
    for one, other in ((cube, fill), (fill, bake), (bake, result)):
        tree.links.new(one.outputs[0], other.inputs[0])
    modifier = thing.modifiers.new("Maker", "NODES")
    modifier.node_group = tree
    thing.select_set(True)
    bpy.context.view_layer.objects.active = thing
    with tempfile.TemporaryDirectory() as folder:
        bpy.ops.wm.save_as_mainfile(filepath=str(Path(folder, "maker.blend")))
        modifier.bake_target, modifier.bake_directory = "DISK", "//maker"
        bpy.ops.object.geometry_node_bake_single(
            session_uid=thing.session_uid, modifier_name="Maker", bake_id=modifier.bakes[0].bake_id
        )
        shutil.copyfile(next(Path(folder).glob("maker/**/*.vdb")), target)


if __name__ == "__main__":
    main(Path(sys.argv[-1]))
