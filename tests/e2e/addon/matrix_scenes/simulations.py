"""Simulations: what was baked goes along, what was not is baked by the farm."""

from __future__ import annotations

import contextlib
from typing import Any

from .rows import row
from .stage import Stage

with contextlib.suppress(ImportError):
    import bpy

NODES = ("4.5", "5.0")
NO_NODES = "simulations of geometry nodes can be baked since Blender 4.2"
LAST = 4


@row("Cloth, baked into the .blend", shared_out=True)
def cloth_inside(stage: Stage) -> None:
    scene = cloth(stage)
    bake(scene, scene.objects["Sheet"].modifiers["Cloth"].point_cache)


@row("Cloth, baked to disk", shared_out=True)
def cloth_on_disk(stage: Stage) -> None:
    scene = cloth(stage)
    stage.save()
    cache = scene.objects["Sheet"].modifiers["Cloth"].point_cache
    cache.use_disk_cache = True
    bake(scene, cache)


@row(
    "Cloth, not baked, rendered as a bake job",
    type="bake",
    settings={"render": True},
    note="as a render job any frame may come without those before it",
)
def cloth_not_baked(stage: Stage) -> None:
    cloth(stage)

    def bake_here() -> None:
        scene = bpy.context.scene
        bake(scene, scene.objects["Sheet"].modifiers["Cloth"].point_cache)

    stage.before_rendering = bake_here


@row(
    "Cloth, not baked, played here and sent as a render job",
    why="a machine of the farm may render a frame without those before it: bake the simulation, or send a bake job",
    warned="not baked",
    settings={"frames": str(LAST)},
)
def cloth_played(stage: Stage) -> None:
    cloth(stage)
    play_last(stage)


@row("Particles, baked into the .blend", shared_out=True)
def particles(stage: Stage) -> None:
    scene = stage.simple()
    scene.frame_start, scene.frame_end = LAST - 1, LAST
    emitter = stage.board(name="Emitter")
    emitter.location.z, emitter.show_instancer_for_render = 2, False
    stone = stage.cube("Stone", 0.1, (0, 0, -5), color=(0.9, 0.9, 0.2))
    system = emitter.modifiers.new("Dust", "PARTICLE_SYSTEM").particle_system
    settings = system.settings
    settings.count, settings.frame_start, settings.frame_end, settings.lifetime = 30, 1, 2, 50
    settings.render_type, settings.instance_object, settings.particle_size = "OBJECT", stone, 1
    settings.physics_type, settings.normal_factor, settings.factor_random = "NEWTON", 1, 2
    system.point_cache.frame_start, system.point_cache.frame_end = 1, LAST
    bake(scene, system.point_cache)


@row("Rigid bodies, baked into the .blend", shared_out=True)
def rigid_bodies(stage: Stage) -> None:
    scene = stage.simple()
    scene.frame_start, scene.frame_end = LAST - 1, LAST
    bpy.ops.rigidbody.world_add()
    world = scene.rigidbody_world
    world.collection = bpy.data.collections.new("Bodies")
    world.collection.objects.link(scene.objects["Cube"])
    scene.objects["Cube"].rigid_body.type = "ACTIVE"
    scene.use_gravity, scene.gravity = True, (60, 20, -1)
    world.point_cache.frame_start, world.point_cache.frame_end = 1, LAST
    bake(scene, world.point_cache)


@row(
    "Fluid (smoke), baked to disk",
    shared_out=True,
    series=("3.4",),
    absent="the Blender that these tests have cannot bake fluids",
)
def smoke(stage: Stage) -> None:
    smoking(stage)
    stage.keep()


@row("Geometry-nodes simulation, baked to disk", shared_out=True, series=NODES, absent=NO_NODES)
def nodes_on_disk(stage: Stage) -> None:
    scene = nodes(stage)
    stage.save()
    modifier = scene.objects["Cube"].modifiers["Sim"]
    modifier.bake_target, modifier.bake_directory = "DISK", "//bakes/sim"
    bake_zones(scene.objects["Cube"], "Sim")


@row("Geometry-nodes simulation, baked into the .blend", shared_out=True, series=NODES, absent=NO_NODES)
def nodes_packed(stage: Stage) -> None:
    scene = nodes(stage)
    stage.save()
    scene.objects["Cube"].modifiers["Sim"].bake_target = "PACKED"
    bake_zones(scene.objects["Cube"], "Sim")


@row(
    "Geometry-nodes simulation, not baked, rendered as a bake job",
    series=NODES,
    absent=NO_NODES,
    type="bake",
    settings={"render": True},
    note="as a render job any frame may come without those before it",
)
def nodes_not_baked(stage: Stage) -> None:
    nodes(stage)

    def bake_here() -> None:
        bake_zones(bpy.context.scene.objects["Cube"], "Sim")

    stage.before_rendering = bake_here


@row(
    "Geometry-nodes simulation, not baked, played here and sent as a render job",
    series=NODES,
    absent=NO_NODES,
    note="where bakes are set to be packed, the add-on cannot see whether there is one, and says only that",
    why="a machine of the farm may render a frame without those before it: bake the simulation, or send a bake job",
    warned="not baked",
    settings={"frames": str(LAST)},
)
def nodes_played(stage: Stage) -> None:
    nodes(stage).objects["Cube"].modifiers["Sim"].bake_target = "DISK"
    play_last(stage)


def play_last(stage: Stage) -> None:
    """The artist plays the simulation, then renders the last frame alone."""

    def play() -> None:
        for frame in range(1, LAST + 1):
            bpy.context.scene.frame_set(frame)

    stage.before_rendering, stage.alone = play, LAST


def cloth(stage: Stage) -> Any:
    """A sheet that falls on a cube."""
    scene = stage.simple()
    scene.frame_start, scene.frame_end = 1, LAST
    scene.objects["Cube"].modifiers.new("Collision", "COLLISION")
    bpy.ops.mesh.primitive_grid_add(x_subdivisions=5, y_subdivisions=5, size=0.9, location=(0.2, 0.1, 1.35))
    sheet = bpy.context.object
    sheet.name = "Sheet"
    sheet.data.materials.append(stage.material(stage.packed("sheet", 2), name="Sheet"))
    modifier = sheet.modifiers.new("Cloth", "CLOTH")
    scene.gravity = (15, 5, -60)
    modifier.point_cache.frame_start, modifier.point_cache.frame_end = 1, LAST
    return scene


def bake(scene: Any, cache: Any) -> None:
    """Bake a point cache."""
    with bpy.context.temp_override(scene=scene, point_cache=cache):
        bpy.ops.ptcache.bake(bake=True)
    assert cache.is_baked


def nodes(stage: Stage) -> Any:
    """A simulation that moves a cube a bit each frame."""
    scene = stage.simple()
    scene.frame_start, scene.frame_end = 1, LAST
    tree = bpy.data.node_groups.new("Sim", "GeometryNodeTree")
    for way in ("INPUT", "OUTPUT"):
        tree.interface.new_socket("Geometry", in_out=way, socket_type="NodeSocketGeometry")
    begin, end = tree.nodes.new("GeometryNodeSimulationInput"), tree.nodes.new("GeometryNodeSimulationOutput")
    begin.pair_with_output(end)
    into, out = tree.nodes.new("NodeGroupInput"), tree.nodes.new("NodeGroupOutput")
    move = tree.nodes.new("GeometryNodeTransform")
    move.inputs["Translation"].default_value = (-0.25, 0.05, 0)
    tree.links.new(into.outputs[0], begin.inputs[0])
    tree.links.new(begin.outputs["Geometry"], move.inputs["Geometry"])
    tree.links.new(move.outputs["Geometry"], end.inputs["Geometry"])
    tree.links.new(end.outputs["Geometry"], out.inputs[0])
    scene.objects["Cube"].modifiers.new("Sim", "NODES").node_group = tree
    return scene


def bake_zones(thing: Any, name: str) -> None:
    """Bake what a geometry-nodes modifier can bake."""
    for each in bpy.context.view_layer.objects:
        each.select_set(each == thing)
    bpy.context.view_layer.objects.active = thing
    for zone in thing.modifiers[name].bakes:
        bpy.ops.object.geometry_node_bake_single(
            session_uid=thing.session_uid, modifier_name=name, bake_id=zone.bake_id
        )


def smoking(stage: Stage) -> None:
    """Smoke from a cube in a coarse domain, baked into the folder "fluid"; fluids bake right after a file was opened."""
    scene = stage.simple()
    scene.frame_start, scene.frame_end = LAST - 1, LAST
    bpy.data.objects.remove(scene.objects["Cube"])
    flow = stage.cube("Flow", 0.6, (0, 0, 1))
    modifier = flow.modifiers.new("Fluid", "FLUID")
    modifier.fluid_type = "FLOW"
    modifier.flow_settings.flow_type, modifier.flow_settings.flow_behavior = "SMOKE", "INFLOW"
    flow.hide_render = True
    domain = stage.cube("Domain", 2, (0, 0, 1.5))
    modifier = domain.modifiers.new("Fluid", "FLUID")
    modifier.fluid_type = "DOMAIN"
    settings = modifier.domain_settings
    settings.domain_type, settings.resolution_max, settings.cache_type = "GAS", 8, "ALL"
    settings.cache_frame_start, settings.cache_frame_end = 1, LAST
    settings.cache_directory = "//fluid"
    domain.data.materials[0] = fog(3)
    scene = stage.keep()
    domain = scene.objects["Domain"]
    with bpy.context.temp_override(scene=scene, active_object=domain, object=domain):
        bpy.ops.fluid.bake_all()


def fog(density: float) -> Any:
    """A material that is seen where there is smoke."""
    material = bpy.data.materials.new("Fog")
    material.use_nodes = True
    tree = material.node_tree
    tree.nodes.clear()
    volume, out = tree.nodes.new("ShaderNodeVolumePrincipled"), tree.nodes.new("ShaderNodeOutputMaterial")
    volume.inputs["Density"].default_value = density
    tree.links.new(volume.outputs["Volume"], out.inputs["Volume"])
    return material
