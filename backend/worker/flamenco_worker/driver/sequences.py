"""Image sequences: which file of one a frame needs. Blender shows pink, or the last picture, where one is missing."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy

_NUMBER = re.compile(r"\d+(?=\D*$)")  # the last number of a name counts the frames


def begins(path: Path) -> bool:
    """Whether any file of the sequence is there."""
    if path.is_file():
        return True
    number = _NUMBER.search(path.name)
    if not number or not path.parent.is_dir():
        return False
    before, after = path.name[: number.start()], path.name[number.end() :]
    return any(
        each.name.startswith(before)
        and each.name.endswith(after)
        and each.name[len(before) : -len(after) or None].isdigit()
        for each in path.parent.iterdir()
    )


def missing(frames: list[int]) -> list[str]:
    """The files of image sequences that these frames need and that are not there."""
    found: dict[str, None] = {}
    for image, user in _users():
        path = Path(os.path.normpath(bpy.path.abspath(image.filepath, library=image.library)))
        for number in frames:
            file = _file(path, user, number)
            if file is not None and not file.is_file():
                found.setdefault(f"image {file}")
    return list(found)


def _users() -> Iterator[tuple[Any, Any]]:
    """Sequences and how nodes and textures count their frames."""
    for owner in _owners():
        image, user = getattr(owner, "image", None), getattr(owner, "image_user", None)
        if user is not None and image is not None and image.source == "SEQUENCE" and image.filepath:
            yield image, user


def _owners() -> Iterator[Any]:
    yield from (texture for texture in bpy.data.textures if texture.users)
    for blocks in (bpy.data.materials, bpy.data.worlds, bpy.data.lights, bpy.data.scenes):
        for block in blocks:
            tree = getattr(block, "node_tree", None)
            if block.users and tree is not None:
                yield from tree.nodes
    for tree in bpy.data.node_groups:
        if tree.users:
            yield from tree.nodes


def _file(path: Path, user: Any, frame: int) -> Path | None:
    """The file that `frame` shows; None outside of the sequence's own frames."""
    number = _NUMBER.search(path.name)
    if number is None or user.frame_duration < 1:
        return None
    at = frame - user.frame_start + 1
    if user.use_cyclic:
        at = (at - 1) % user.frame_duration + 1
    if not 1 <= at <= user.frame_duration:
        return None
    shown = f"{at + user.frame_offset:0{len(number[0])}d}"
    return path.with_name(path.name[: number.start()] + shown + path.name[number.end() :])
