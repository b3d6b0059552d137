"""The simulations of a scene, and where each keeps what was baked."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

from ...scene.values import SIMULATION_NODE
from .. import paths
from ..findings import Editor, Place
from ..subject import SimulationUse, Step, Subject, linked_from, sliced

PARTICLES = "PARTICLE_SYSTEM"


def look(subject: Subject) -> Iterator[Step]:
    """All of them."""
    scene = subject.scene
    world = scene.rigidbody_world
    if world is not None and world.enabled and world.collection is not None and len(world.collection.objects):
        use = _points(subject, "rigidbody", scene.name, "World", world.point_cache, "", subject.at(Editor.SCENE))
        subject.simulations.append(use)
    for things in sliced(lambda: subject.scene.objects):
        for thing in things:
            if len(thing.modifiers) and not thing.hide_render:
                subject.simulations += _of_object(subject, thing)
        yield None


def _of_object(subject: Subject, thing: Any) -> Iterator[SimulationUse]:
    for modifier in thing.modifiers:
        look_at = _KINDS.get(modifier.type)
        if look_at is not None and modifier.show_render:
            yield from look_at(subject, thing, modifier)


def _place(thing: Any, modifier: Any, editor: str = Editor.PHYSICS) -> Place:
    return Place("objects", thing.name, linked_from(thing), modifier.name, editor)


def _folder(subject: Subject, thing: Any) -> str:
    """The folder that relative paths of an object begin in."""
    return paths.folder_of(_holder(subject, thing))


def _points(subject: Subject, kind: str, owner: str, name: str, cache: Any, start: str, place: Place) -> SimulationUse:
    """A simulation that is kept as points."""
    folder, prefix = "", ""
    if cache.use_external:
        folder = paths.absolute(str(cache.filepath), start)
    elif cache.use_disk_cache and cache.is_baked and subject.here.blend:
        stem = os.path.splitext(os.path.basename(subject.here.blend))[0]  # noqa: PTH119, PTH122
        folder, prefix = paths.joined(subject.here.folder, f"blendcache_{stem}"), str(cache.name)
    return SimulationUse(
        kind,
        f"{kind}:{owner}:{name}",
        place,
        baked=bool(cache.is_baked or cache.use_external),
        # Blender says so of rigid bodies that were just baked, too.
        outdated=bool(cache.is_outdated and cache.is_baked) and kind != "rigidbody",
        folder=folder,
        prefix=prefix,
        linked=bool(place.library),
        start=int(cache.frame_start),
    )


def _point_cache(kind: str) -> Callable[[Subject, Any, Any], Iterator[SimulationUse]]:
    def look_at(subject: Subject, thing: Any, modifier: Any) -> Iterator[SimulationUse]:
        place, start = _place(thing, modifier), _folder(subject, thing)
        yield _points(subject, kind, thing.name, modifier.name, modifier.point_cache, start, place)

    return look_at


def _particles(subject: Subject, thing: Any, modifier: Any) -> Iterator[SimulationUse]:
    """Still hair and particles that only follow keys need no baking."""
    system = modifier.particle_system
    settings = system.settings if system is not None else None
    if settings is None or settings.physics_type == "NO":
        return
    if settings.type == "HAIR" and not system.use_hair_dynamics:
        return
    kind = "hair" if settings.type == "HAIR" else "particles"
    place, start = _place(thing, modifier), _folder(subject, thing)
    yield _points(subject, kind, thing.name, system.name, system.point_cache, start, place)


def _fluid(subject: Subject, thing: Any, modifier: Any) -> Iterator[SimulationUse]:
    settings = modifier.domain_settings if modifier.fluid_type == "DOMAIN" else None
    if settings is None:
        return
    baked = bool(settings.has_cache_baked_data)
    folder = paths.absolute(str(settings.cache_directory), _folder(subject, thing))
    place = _place(thing, modifier)
    yield SimulationUse(
        "fluid",
        f"fluid:{thing.name}:{modifier.name}",
        place,
        baked=baked,
        folder=folder,
        linked=bool(place.library),
        start=int(settings.cache_frame_start),
    )


def _dynamic_paint(subject: Subject, thing: Any, modifier: Any) -> Iterator[SimulationUse]:
    canvas = modifier.canvas_settings if modifier.ui_type == "CANVAS" else None
    for surface in canvas.canvas_surfaces if canvas is not None else ():
        if surface.is_active and surface.is_cache_user:
            place, start = _place(thing, modifier), _folder(subject, thing)
            yield _points(subject, "paint", thing.name, surface.name, surface.point_cache, start, place)


def _nodes(subject: Subject, thing: Any, modifier: Any) -> Iterator[SimulationUse]:
    """Zones of geometry nodes: `bakes` names them, also those in groups; there is none before 4.1."""
    for bake in getattr(modifier, "bakes", ()):
        node = bake.node
        if node is None or node.bl_idname != SIMULATION_NODE:
            continue
        target = bake.bake_target if bake.bake_target != "INHERIT" else modifier.bake_target
        place = _place(thing, modifier, Editor.MODIFIER)
        yield SimulationUse(
            "nodes",
            f"nodes:{thing.name}:{modifier.name}",
            place,
            baked=None,
            folder=_bake_folder(subject, thing, modifier, bake) if target == "DISK" else "",
            packed=target == "PACKED",
            holder=_holder(subject, thing),
            zone=int(bake.bake_id),
            sure=subject.here.saved or thing.library is not None,
            linked=bool(place.library),
            start=_start(subject.scene, bake),
        )


def _holder(subject: Subject, thing: Any) -> str:
    """The .blend that an object is in."""
    if thing.library is None:
        return subject.here.blend
    return paths.absolute(str(thing.library.filepath), subject.here.folder)


def _start(scene: Any, bake: Any) -> int:
    """The frame that a zone begins with."""
    if bake.use_custom_simulation_frame_range:
        return int(bake.frame_start)
    return int(scene.simulation_frame_start if scene.use_custom_simulation_range else scene.frame_start)


def _bake_folder(subject: Subject, thing: Any, modifier: Any, bake: Any) -> str:
    start = _folder(subject, thing)
    if bake.use_custom_path:
        return paths.absolute(str(bake.directory), start)
    base = paths.absolute(str(modifier.bake_directory), start) if modifier.bake_directory else ""
    return paths.joined(base, str(bake.bake_id)) if base else ""


_KINDS: dict[str, Callable[[Subject, Any, Any], Iterator[SimulationUse]]] = {
    "CLOTH": _point_cache("cloth"),
    "SOFT_BODY": _point_cache("softbody"),
    PARTICLES: _particles,
    "FLUID": _fluid,
    "NODES": _nodes,
    "DYNAMIC_PAINT": _dynamic_paint,
}
