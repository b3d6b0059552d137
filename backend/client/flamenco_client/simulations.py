"""The simulations of a scene that can be baked, as keys "kind:object:name", in the order in which they depend."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from blender_asset_tracer.blendfile.iterators import dynamic_array, listbase, modifiers

from flamenco_client.blendfiles import opened

SOFTBODY, PARTICLES, CLOTH, FLUID, NODES = 10, 19, 22, 56, 57  # ModifierData.type
FLUID_DOMAIN = 1 << 0  # FluidModifierData.type
HAIR = 2  # ParticleSettings.type
NO_PHYSICS = 0  # ParticleSettings.phystype
SIMULATION_NODE = b"GeometryNodeSimulationOutput"
# Rigid bodies move what others collide with; soft things follow; particles and fluid flow around all of them.
ORDER = ("rigidbody", "cloth", "softbody", "particles", "fluid", "nodes")

Named = Callable[[Any], str]
Packed = frozenset[tuple[str, str, int]]  # object, modifier, number of the bake


def simulations(scene: Any, objects: list[Any], name_of: Named) -> list[str]:
    """The keys of all simulations in a scene."""
    found: list[tuple[str, str, str]] = []
    if scene.get_pointer(b"rigidbody_world", None) is not None:
        found.append(("rigidbody", name_of(scene), "World"))
    for item in objects:
        for kind, name in _of_object(item):
            found.append((kind, name_of(item), name))
    found.sort(key=lambda entry: ORDER.index(entry[0]))  # stable: objects keep their order
    return [":".join(entry) for entry in found]


def packed_bakes(path: Path) -> Packed:
    """The bakes of geometry nodes that are packed into a .blend, which Blender itself tells nobody. Raises `BadBlend`."""
    with opened(path) as file:
        return frozenset(
            (item.id_name[2:].decode("utf-8", "replace"), _name(block), int(bake[b"id"]))
            for item in file.find_blocks_from_code(b"OB")
            for block in modifiers(item)
            for bake in bakes(block)
            if bake.get(b"packed", default=0)
        )


def bakes(modifier: Any) -> Iterator[Any]:
    """The bakes of a modifier of geometry nodes; of none there may be a pointer that points anywhere."""
    if modifier[b"modifier", b"type"] == NODES and modifier.get(b"bakes_num", default=0):
        yield from dynamic_array(modifier.get_pointer(b"bakes"))


def _name(modifier: Any) -> str:
    return str(modifier[b"modifier", b"name"].decode("utf-8", "replace"))


def _of_object(item: Any) -> Iterator[tuple[str, str]]:
    for block in modifiers(item):
        kind = _KINDS.get(block[b"modifier", b"type"])
        if kind is None:
            continue
        checked = kind[1](block)
        if checked is not None:
            yield kind[0], checked or _name(block)


def _always(_block: Any) -> str | None:
    return ""


def _domain(block: Any) -> str | None:
    return "" if block[b"type"] & FLUID_DOMAIN else None


def _particles(block: Any) -> str | None:
    """The particle system's own name, which is not always the modifier's; still hair needs no baking."""
    system = block.get_pointer(b"psys")
    settings = system.get_pointer(b"part") if system is not None else None
    if settings is None or settings.dna_type_id != b"ParticleSettings":
        return None
    if settings[b"type"] == HAIR or settings[b"phystype"] == NO_PHYSICS:
        return None
    return str(system[b"name"].decode("utf-8", "replace"))


def _nodes(block: Any) -> str | None:
    tree = block.get_pointer(b"node_group")
    return "" if tree is not None and _simulates(tree, set()) else None


def _simulates(tree: Any, seen: set[int]) -> bool:
    """Whether a node tree, or a group in it, holds a simulation zone."""
    if tree.dna_type_id != b"bNodeTree" or tree.addr_old in seen:
        return False
    seen.add(tree.addr_old)
    for node in listbase(tree.get_pointer((b"nodes", b"first"))):
        if node[b"idname"] == SIMULATION_NODE:
            return True
        used = node.get_pointer(b"id")
        if used is not None and used.code == b"NT" and _simulates(used, seen):
            return True
    return False


_KINDS: dict[int, tuple[str, Callable[[Any], str | None]]] = {
    SOFTBODY: ("softbody", _always),
    CLOTH: ("cloth", _always),
    PARTICLES: ("particles", _particles),
    FLUID: ("fluid", _domain),
    NODES: ("nodes", _nodes),
}
