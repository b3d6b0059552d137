"""Bake one simulation of the open file and save the file so that it finds the cache wherever both are moved together.

The file is saved under its working name first: caches on disk want a saved file. What Blender can keep only in memory (rigid
bodies) stays inside the .blend.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy

from . import frames
from .problems import Problem

_DISK_CACHE = "blendcache_"  # Blender's folder for point caches beside the file, before the file's own name


def bake(simulation: str, last: int, blend: str, cache: str) -> dict[str, Any]:
    """Bake `simulation` ("kind:object:name") up to the frame `last`, save the file as `blend`.

    Files of the cache go to the folder `cache`, which the saved file names relative to itself.
    """
    scene = frames.plain()
    kind, owner, name = _parts(simulation)
    bpy.context.window.scene = scene
    _save(blend)
    what = _Bake(scene, owner, name, last, Path(blend), Path(cache))
    end = scene.frame_end
    scene.frame_end = max(last, end)  # particles are not cached beyond it
    _KINDS[kind](what)
    what.scene.frame_end = end
    _save(blend)
    return {"files": sorted(str(path) for path in Path(cache).rglob("*") if path.is_file())}


class _Bake:
    """One simulation to bake."""

    def __init__(self, scene: Any, owner: str, name: str, last: int, blend: Path, cache: Path) -> None:
        self.scene, self.owner, self.name, self.last, self.blend, self.cache = scene, owner, name, last, blend, cache
        self.label = re.sub(r"[^\w.-]", "_", f"{owner}_{name}")

    @property
    def relative_cache(self) -> str:
        """The cache's folder as the saved file names it."""
        return "//" + os.path.relpath(self.cache, self.blend.parent).replace("\\", "/")

    def object(self) -> Any:
        """The simulated object, active and selected. Raises `Problem`."""
        found = self.scene.objects.get(self.owner)
        if found is None:
            raise Problem(f"the scene has no object {self.owner!r} to bake")
        for each in bpy.context.view_layer.objects:
            each.select_set(each == found)
        bpy.context.view_layer.objects.active = found
        return found

    def modifier(self, kind: str) -> Any:
        """The modifier that is baked. Raises `Problem`."""
        found = self.object().modifiers.get(self.name)
        if found is None or found.type != kind:
            raise Problem(f"the object {self.owner!r} has no simulation {self.name!r}")
        return found


def _parts(simulation: str) -> tuple[str, str, str]:
    """Kind, owner, name; the owner's name may have a colon, as names of modifiers rarely do."""
    kind, _, rest = simulation.partition(":")
    owner, _, name = rest.rpartition(":")
    if kind not in _KINDS or not owner or not name:
        raise Problem(f"the simulation {simulation!r} is none of {', '.join(_KINDS)}, as kind:object:name")
    return kind, owner, name


def _save(blend: str) -> None:
    bpy.ops.wm.save_as_mainfile(filepath=blend, relative_remap=True)


# ---- point caches: cloth, soft bodies, particles, rigid bodies ----


def _cloth(what: _Bake) -> None:
    _on_disk(what, what.modifier("CLOTH").point_cache)


def _softbody(what: _Bake) -> None:
    _on_disk(what, what.modifier("SOFT_BODY").point_cache)


def _particles(what: _Bake) -> None:
    system = what.object().particle_systems.get(what.name)
    if system is None:
        raise Problem(f"the object {what.owner!r} has no particle system {what.name!r}")
    _on_disk(what, system.point_cache)


def _rigidbody(what: _Bake) -> None:
    world = what.scene.rigidbody_world
    if world is None:
        raise Problem(f"the scene {what.scene.name!r} has no rigid bodies")
    _bake_points(what, world.point_cache)


def _on_disk(what: _Bake, cache: Any) -> None:
    """Bake beside the file, move the cache to its folder, and let the file read it from there."""
    cache.use_external = False
    cache.name = what.label
    cache.use_disk_cache = True
    _bake_points(what, cache)
    beside = what.blend.with_name(_DISK_CACHE + what.blend.stem)
    made = sorted(beside.glob(f"{what.label}_*"))
    if not made:
        raise Problem(f"baking {what.owner} {what.name} wrote no cache")
    _fresh(what.cache)
    for path in made:
        shutil.move(str(path), what.cache / path.name)
    shutil.rmtree(beside, ignore_errors=True)
    cache.filepath = what.relative_cache
    cache.use_external = True


def _bake_points(what: _Bake, cache: Any) -> None:
    """A simulation begins where it begins: baking from a later frame would be another one."""
    cache.frame_end = max(what.last, cache.frame_start + 1)
    context = {"scene": what.scene, "point_cache": cache}
    with bpy.context.temp_override(**context):
        if cache.is_baked:
            bpy.ops.ptcache.free_bake()
        bpy.ops.ptcache.bake(bake=True)
    if not cache.is_baked:
        raise Problem(f"Blender did not bake {what.owner} {what.name}")


def _fresh(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


# ---- fluid ----


def _fluid(what: _Bake) -> None:
    """Mantaflow bakes reliably only right after the file was opened."""
    settings = what.modifier("FLUID").domain_settings
    if settings is None:
        raise Problem(f"the fluid {what.name!r} of {what.owner!r} is not a domain")
    _fresh(what.cache)
    settings.cache_type = "ALL"
    settings.cache_directory = what.relative_cache
    settings.cache_frame_end = max(what.last, settings.cache_frame_start)
    scene = what.scene.name
    _save(str(what.blend))
    bpy.ops.wm.open_mainfile(filepath=str(what.blend), load_ui=False)
    what.scene = bpy.data.scenes[scene]
    frames.use(what.scene, True, {})
    bpy.context.window.scene = what.scene
    domain = what.object()
    with bpy.context.temp_override(scene=what.scene, active_object=domain, object=domain):
        bpy.ops.fluid.bake_all()
    if not domain.modifiers[what.name].domain_settings.has_cache_baked_data:
        raise Problem(f"Blender did not bake the fluid {what.owner} {what.name}")


# ---- geometry nodes ----


def _nodes(what: _Bake) -> None:
    modifier = what.modifier("NODES")
    if not hasattr(modifier, "bakes"):
        raise Problem("this Blender cannot bake simulations of geometry nodes; 4.2 and later can")
    _fresh(what.cache)
    modifier.bake_target = "DISK"
    modifier.bake_directory = what.relative_cache
    baked = 0
    for each in modifier.bakes:
        if each.node is None or each.node.bl_idname != "GeometryNodeSimulationOutput":
            continue
        _bake_zone(what, each)
        baked += 1
    if not baked or not any(what.cache.rglob("*")):
        raise Problem(f"baking {what.owner} {what.name} wrote no cache")


def _bake_zone(what: _Bake, zone: Any) -> None:
    begin = zone.frame_start if zone.use_custom_simulation_frame_range else _simulation_start(what.scene)
    zone.use_custom_path = False
    zone.bake_target = "INHERIT"
    zone.use_custom_simulation_frame_range = True
    zone.frame_start, zone.frame_end = begin, max(what.last, begin)
    thing = what.object()
    bpy.ops.object.geometry_node_bake_single(
        session_uid=thing.session_uid, modifier_name=what.name, bake_id=zone.bake_id
    )


def _simulation_start(scene: Any) -> int:
    return int(scene.simulation_frame_start if scene.use_custom_simulation_range else scene.frame_start)


_KINDS: dict[str, Callable[[_Bake], None]] = {
    "rigidbody": _rigidbody,
    "cloth": _cloth,
    "softbody": _softbody,
    "particles": _particles,
    "fluid": _fluid,
    "nodes": _nodes,
}
