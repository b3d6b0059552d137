# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a scene's results belong, read from the scene: the files that Blender itself would write."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy

from ..core.destination import Destination

OUTPUT_NODE = "CompositorNodeOutputFile"
MULTILAYER = "OPEN_EXR_MULTILAYER"
MOVIES = (".mp4", ".mkv", ".mov", ".avi", ".webm", ".ogv", ".mpg", ".dvd", ".flv")
_RANGE = re.compile(r"\d{4,}-\d{4,}$")


def destination_of(scene: bpy.types.Scene, folder: str = "") -> Destination:
    """A scene's destination; `folder` stands for the scene's own.

    The folder is empty where the scene's own cannot be told: a file that was never saved has no "//".
    """
    paths = frame_paths(scene)
    known = Path(bpy.path.abspath(folder)).absolute() if folder else Path(paths[0]).parent if paths else None
    frames: dict[str, Any] = {}
    if paths and scene.render.is_movie_format:
        frames = {"before": movie_stem(paths[0]), "movie": str(Path(known or "", Path(paths[0]).name))}
    elif paths:
        frames = {**parts(*paths), "extension": scene.render.file_extension}
    return Destination(
        folder=str(known or ""), blend=str(bpy.data.filepath), scene=scene.name, nodes=node_folders(scene), **frames
    )


def frame_paths(scene: bpy.types.Scene) -> tuple[str, str, str] | None:
    """The files of frames 1, 2 and -1, with all that Blender fills in; None if they cannot be told."""
    try:
        found = tuple(bpy.path.native_pathsep(scene.render.frame_path(frame=frame)) for frame in (1, 2, -1))
    except RuntimeError:  # a template that Blender cannot fill in
        return None
    one, two, below = found
    return (one, two, below) if Path(one).is_absolute() and Path(one).name else None


def parts(one: str, two: str, below: str) -> dict[str, Any]:
    """What stands before and after the number, and how many digits it has at least."""
    name, other, negative = (Path(path).name for path in (one, two, below))
    start = next(at for at, (left, right) in enumerate(zip(name, negative, strict=False)) if left != right)
    last = next(at for at, (left, right) in enumerate(zip(name, other, strict=False)) if left != right)
    return {"before": name[:start], "digits": last + 1 - start, "after": name[last + 1 :]}


def movie_stem(movie: str) -> str:
    """A movie's name without its frame range and ending: what its frames' names begin with."""
    stem = _RANGE.sub("", Path(movie).stem)
    return stem[: -len(Path(stem).suffix)] if Path(stem).suffix.lower() in MOVIES else stem


def node_folders(scene: bpy.types.Scene) -> dict[str, str]:
    """The folders of the compositor's File Output nodes, by the names that the farm gives them."""
    top = compositor(scene)
    found = {}
    for owner, node in output_nodes(top):
        name = node.name if owner == top else f"{owner.name}-{node.name}"
        path = bpy.path.abspath(node_path(node))
        if Path(path).is_absolute() and "{" not in path:
            found[re.sub(r"[^\w.#-]", "_", name)] = path
    return found


def node_path(node: Any) -> str:
    """The folder that a File Output node writes to."""
    if hasattr(node, "directory"):  # 5.0 and later
        return str(node.directory)
    path = str(node.base_path)
    return os.path.split(path)[0] if node.format.file_format == MULTILAYER else path


def compositor(scene: bpy.types.Scene) -> Any:
    """The scene's compositor, if rendering uses it."""
    if not scene.render.use_compositing:
        return None
    if hasattr(scene, "compositing_node_group"):  # 5.0 and later
        return scene.compositing_node_group
    return scene.node_tree if scene.use_nodes else None


def output_nodes(top: Any) -> Iterator[tuple[Any, Any]]:
    """The File Output nodes of a tree and of the groups in it, each with its tree."""
    waiting, seen = [top] if top else [], set()
    while waiting:
        tree = waiting.pop()
        seen.add(tree.as_pointer())
        for node in tree.nodes:
            if node.bl_idname == OUTPUT_NODE:
                yield tree, node
            inner = getattr(node, "node_tree", None)
            if inner is not None and inner.as_pointer() not in seen:
                waiting.append(inner)
