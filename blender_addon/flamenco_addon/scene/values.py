# SPDX-License-Identifier: GPL-3.0-or-later
"""What an open scene says, under the names that job types know (`core.forms.SOURCES`).

A test holds these equal to what `flamenco_client.scene.read_blend` reads from the saved file; what is linked from
other files Blender knows better.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import bpy
from flamenco_client.scene import DEFAULT_SAMPLES
from flamenco_client.simulations import ORDER

SIMULATION_NODE = "GeometryNodeSimulationOutput"


def scene_values(scene: bpy.types.Scene) -> dict[str, Any]:
    """All values of a scene by name; what it lacks, such as a camera, is left out."""
    found = {name: read(scene) for name, read in READERS.items()}
    return {name: value for name, value in found.items() if value is not None}


def scene_value(scene: bpy.types.Scene, name: str) -> Any:
    """One value; None if the scene has none. Cheap enough for drawing, but for "cameras" and "simulations"."""
    return READERS[name](scene)


def frame_range(scene: bpy.types.Scene) -> str:
    """The frames, like "1-250" or "1-250x2"."""
    first, last, step = scene.frame_start, scene.frame_end, scene.frame_step
    return str(first) if first >= last else f"{first}-{last}" + (f"x{step}" if step > 1 else "")


def fps(scene: bpy.types.Scene) -> float:
    """Frames a second."""
    # The base is a 32-bit float: 30 / 1.001 would come out as 29.97002856.
    return round(scene.render.fps / round(scene.render.fps_base, 6), 6)


def samples(scene: bpy.types.Scene) -> int:
    """Cycles' samples."""
    cycles = getattr(scene, "cycles", None)  # Cycles is an add-on, which may be disabled
    return int(cycles.samples) if cycles is not None else DEFAULT_SAMPLES


def objects(scene: bpy.types.Scene) -> Iterator[bpy.types.Object]:
    """The objects in a scene's collections, each once."""
    seen: set[int] = set()
    waiting = [scene.collection]
    while waiting:
        collection = waiting.pop(0)
        if collection.as_pointer() in seen:
            continue
        seen.add(collection.as_pointer())
        for item in collection.objects:
            if item.as_pointer() not in seen:
                seen.add(item.as_pointer())
                yield item
        waiting += list(collection.children)


def cameras(scene: bpy.types.Scene) -> list[str]:
    """The names of the cameras, linked ones too."""
    return [item.name for item in objects(scene) if item.type == "CAMERA"]


def strips(scene: bpy.types.Scene) -> Any:
    """All strips of the scene's edit, those inside meta strips too."""
    editor: Any = scene.sequence_editor
    if editor is None:
        return ()
    return editor.strips_all if hasattr(editor, "strips_all") else editor.sequences_all


def has_sequencer(scene: bpy.types.Scene) -> bool:
    """Whether the edit is what is rendered: Blender renders the scene itself if the edit holds nothing but sound."""
    return bool(scene.render.use_sequencer) and any(strip.type != "SOUND" for strip in strips(scene))


def has_sound(scene: bpy.types.Scene) -> bool:
    """Whether the edit has sound."""
    return any(strip.type == "SOUND" for strip in strips(scene))


def simulations(scene: bpy.types.Scene) -> list[str]:
    """The keys "kind:object:name" of what can be baked, in the order in which they depend on one another."""
    found: list[tuple[str, str, str]] = []
    if scene.rigidbody_world is not None:
        found.append(("rigidbody", scene.name, "World"))
    for item in objects(scene):
        if item.library is not None:
            continue
        for modifier in item.modifiers:
            kind = _KINDS.get(modifier.type)
            if kind is not None:
                name = kind[1](modifier)
                if name is not None:
                    found.append((kind[0], item.name, name))
    found.sort(key=lambda entry: ORDER.index(entry[0]))  # stable: objects keep their order
    return [":".join(entry) for entry in found]


def _named(modifier: Any) -> str | None:
    return str(modifier.name)


def _domain(modifier: Any) -> str | None:
    return str(modifier.name) if modifier.fluid_type == "DOMAIN" else None


def _particles(modifier: Any) -> str | None:
    """The particle system's own name, which is not always the modifier's; still hair needs no baking."""
    system = modifier.particle_system
    settings = system.settings if system is not None else None
    if settings is None or settings.type == "HAIR" or settings.physics_type == "NO":
        return None
    return str(system.name)


def _nodes(modifier: Any) -> str | None:
    tree = modifier.node_group
    return str(modifier.name) if tree is not None and _simulates(tree, set()) else None


def _simulates(tree: Any, seen: set[int]) -> bool:
    """Whether a node tree, or a group in it, linked or not, holds a simulation zone."""
    if tree.as_pointer() in seen:
        return False
    seen.add(tree.as_pointer())
    for node in tree.nodes:
        if node.bl_idname == SIMULATION_NODE:
            return True
        group = getattr(node, "node_tree", None)
        if group is not None and _simulates(group, seen):
            return True
    return False


_KINDS: dict[str, tuple[str, Callable[[Any], str | None]]] = {
    "SOFT_BODY": ("softbody", _named),
    "CLOTH": ("cloth", _named),
    "PARTICLE_SYSTEM": ("particles", _particles),
    "FLUID": ("fluid", _domain),
    "NODES": ("nodes", _nodes),
}

READERS: dict[str, Callable[[bpy.types.Scene], Any]] = {
    "frame_range": frame_range,
    "fps": fps,
    "format": lambda scene: scene.render.image_settings.file_format or None,
    "color_depth": lambda scene: scene.render.image_settings.color_depth or None,
    "engine": lambda scene: scene.render.engine,
    "width": lambda scene: max(1, scene.render.resolution_x * scene.render.resolution_percentage // 100),
    "height": lambda scene: max(1, scene.render.resolution_y * scene.render.resolution_percentage // 100),
    "resolution_x": lambda scene: scene.render.resolution_x,
    "resolution_y": lambda scene: scene.render.resolution_y,
    "resolution_percentage": lambda scene: scene.render.resolution_percentage,
    "samples": samples,
    "scene": lambda scene: scene.name,
    "camera": lambda scene: scene.camera.name if scene.camera else None,
    "cameras": cameras,
    "view_layers": lambda scene: [layer.name for layer in scene.view_layers if layer.use],
    "frame": lambda scene: scene.frame_current,
    "has_sequencer": has_sequencer,
    "has_sound": has_sound,
    "simulations": simulations,
}
