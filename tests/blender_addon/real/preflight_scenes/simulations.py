"""Simulations, baked or not."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import bpy

from .stage import VERSION, case, cube, fresh


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


def one_cloth_frame(begin: int) -> None:
    """The job has one frame, with which the cloth begins, or which comes after that."""
    cloth()
    scene = bpy.context.scene
    scene.frame_start = scene.frame_end = 3
    bpy.data.objects["Flag"].modifiers["Cloth"].point_cache.frame_start = begin


def cloth_begins() -> None:
    one_cloth_frame(3)


@case("simulations", cloth_begins)
def cloth_began_before() -> None:
    one_cloth_frame(1)


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
    bake(nodes_zone())


def bake(thing: Any) -> None:
    for each in thing.modifiers["Sim"].bakes:
        bpy.ops.object.geometry_node_bake_single(
            session_uid=thing.session_uid, modifier_name="Sim", bake_id=each.bake_id
        )


if VERSION >= (4, 2):

    @case("simulations", nodes_baked)
    def nodes_not_baked() -> None:
        nodes_zone()

    def packed_zone() -> Any:
        thing = nodes_zone()
        thing.modifiers["Sim"].bake_target = "PACKED"
        return thing

    def nodes_packed() -> None:
        bake(packed_zone())
        bpy.ops.wm.save_mainfile()

    @case("simulations", nodes_packed)
    def nodes_maybe_packed() -> None:
        """Without a window Blender takes every file for changed."""
        packed_zone()
        bpy.ops.wm.save_mainfile()

    def linked_zone(baked: bool) -> None:
        thing = packed_zone()
        if baked:
            bake(thing)
        made = Path(bpy.data.filepath).with_name("sim.blend")
        bpy.ops.wm.save_as_mainfile(filepath=str(made))
        copied = shutil.copy(made, fresh())
        with bpy.data.libraries.load(copied, link=True, relative=True) as (_, wanted):
            wanted.objects = ["Sim"]
        bpy.context.scene.collection.objects.link(wanted.objects[0])

    def linked_nodes_packed() -> None:
        linked_zone(True)

    @case("simulations", linked_nodes_packed)
    def linked_nodes_not_baked() -> None:
        linked_zone(False)
