"""Image sequences: which file of one a frame needs. Blender shows pink, or the last picture, where one is missing."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Sequence:
    """A use of an image sequence: its path, and which of the scene's frames show which picture."""

    path: Path
    start: int
    length: int
    offset: int
    cyclic: bool


def used() -> list[Sequence]:
    """All uses of image sequences in the open file; asked once a file, since a file may have very many nodes."""
    return [
        Sequence(
            Path(os.path.normpath(bpy.path.abspath(image.filepath, library=image.library))),
            user.frame_start,
            user.frame_duration,
            user.frame_offset,
            user.use_cyclic,
        )
        for image, user in _users()
    ]


def missing(sequences: list[Sequence], frames: list[int]) -> list[str]:
    """The files of sequences that these frames need and that are not there."""
    found: dict[str, None] = {}
    for sequence in sequences:
        for number in frames:
            file = _file(sequence, number)
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


def _file(sequence: Sequence, frame: int) -> Path | None:
    """The file that `frame` shows; None outside of the sequence's own frames."""
    name = sequence.path.name
    number = _NUMBER.search(name)
    if number is None or sequence.length < 1:
        return None
    at = frame - sequence.start + 1
    if sequence.cyclic:
        at = (at - 1) % sequence.length + 1
    if not 1 <= at <= sequence.length:
        return None
    shown = f"{at + sequence.offset:0{len(number[0])}d}"
    return sequence.path.with_name(name[: number.start()] + shown + name[number.end() :])
