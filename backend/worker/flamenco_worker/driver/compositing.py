"""The scene's compositor, in the terms of each Blender: up to 4.5 a tree of the scene, from 5.0 a node group."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import bpy

from .changes import Changes

FOLDER = "compositor"  # below a frame's folder: what the compositor's own File Output nodes write
_MULTILAYER = "OPEN_EXR_MULTILAYER"


def tree(scene: Any) -> Any:
    """The scene's compositor tree, or None if rendering does not use it."""
    if not scene.render.use_compositing:
        return None
    if hasattr(scene, "compositing_node_group"):
        return scene.compositing_node_group
    return scene.node_tree if scene.use_nodes else None


def fresh(scene: Any) -> tuple[Any, Any]:
    """Give the scene an empty compositor; return the tree and the socket that is the picture."""
    scene.render.use_compositing = True
    if hasattr(scene, "compositing_node_group"):
        group = bpy.data.node_groups.new("Flamenco", "CompositorNodeTree")
        group.interface.new_socket("Image", in_out="OUTPUT", socket_type="NodeSocketColor")
        scene.compositing_node_group = group
        return group, group.nodes.new("NodeGroupOutput").inputs[0]
    scene.use_nodes = True
    scene.node_tree.nodes.clear()
    return scene.node_tree, scene.node_tree.nodes.new("CompositorNodeComposite").inputs["Image"]


def nodes(scene: Any, kind: str) -> Iterator[tuple[Any, Any]]:
    """All nodes of a type in the scene's compositor and the groups in it, each with its tree."""
    top = tree(scene)
    waiting, seen = [top] if top else [], set()
    while waiting:
        current = waiting.pop()
        seen.add(current.name)
        for node in current.nodes:
            if node.bl_idname == kind:
                yield current, node
            inner = getattr(node, "node_tree", None)
            if inner is not None and inner.name not in seen:
                waiting.append(inner)


def redirect(changes: Changes, scene: Any, folder: Path) -> None:
    """Let the File Output nodes write below `folder`, wherever they point to: their folder may be nobody's here."""
    top = tree(scene)
    for owner, node in nodes(scene, "CompositorNodeOutputFile"):
        name = node.name if owner == top else f"{owner.name}-{node.name}"
        _redirect(changes, node, folder / FOLDER / _safe(name))


def written(folder: Path) -> dict[str, str]:
    """What they wrote: path below `folder`, with / -> file."""
    found = sorted(path for path in (folder / FOLDER).rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): str(path) for path in found}


def _redirect(changes: Changes, node: Any, folder: Path) -> None:
    if hasattr(node, "directory"):
        changes.set(node, "directory", str(folder))
        changes.set(node, "file_name", _inside(node.file_name))
        return
    if node.format.file_format == _MULTILAYER:  # the base path is the file's own
        last = re.split(r"[\\/]", node.base_path)[-1] or "layers"
        changes.set(node, "base_path", str(folder / _safe(last)))
        return
    changes.set(node, "base_path", str(folder))
    for slot in node.file_slots:
        changes.set(slot, "path", _inside(slot.path))


def _inside(path: str) -> str:
    """A path that stays below the folder that it is joined to."""
    parts = PurePosixPath(path.replace("\\", "/")).parts
    kept = [part.replace(":", "_") for part in parts if part not in ("..", "/", "//", ".")]
    return "/".join(kept) + ("/" if path.endswith("/") and kept else "")


def _safe(name: str) -> str:
    return re.sub(r"[^\w.#-]", "_", name)
