"""Files that a .blend names and that are not there; Blender itself renders without them and says nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy


def files() -> list[str]:
    """What is missing, one phrase a file."""
    found: dict[str, None] = {}
    for phrase in _phrases():
        found.setdefault(phrase)
    return list(found)


def _phrases() -> Iterator[str]:
    for library in bpy.data.libraries:
        path = _absolute(library.filepath, library.parent)
        if not path.is_file():
            yield f"library {path}"
    for kind, blocks in (
        ("image", bpy.data.images),
        ("font", bpy.data.fonts),
        ("sound", bpy.data.sounds),
        ("movie clip", bpy.data.movieclips),
        ("cache", bpy.data.cache_files),
        ("volume", bpy.data.volumes),
    ):
        for block in blocks:
            if _counts(block):
                yield from (f"{kind} {path}" for path in _lacks(block))


def _counts(block: Any) -> bool:
    """Whether something uses the block and its file is outside of the .blend."""
    packed = getattr(block, "packed_file", None) or getattr(block, "packed_files", None)
    return block.users - int(block.use_fake_user) > 0 and not packed


def _lacks(block: Any) -> list[Path]:
    source = getattr(block, "source", "FILE")
    if source in ("GENERATED", "VIEWER") or not block.filepath or block.filepath == "<builtin>":
        return []
    path = _absolute(block.filepath, block.library)
    if source == "TILED":
        return [tile for tile in _tiles(block, path) if not tile.is_file()]
    if source == "SEQUENCE" or getattr(block, "is_sequence", False):
        return [] if _sequence_begins(path) else [path]
    return [] if path.exists() else [path]


def _tiles(image: Any, path: Path) -> Iterator[Path]:
    """The files of a tiled image: 1001 + u + 10 v, or u1_v1."""
    for tile in image.tiles:
        v, u = divmod(tile.number - 1001, 10)
        name = path.name.replace("<UDIM>", str(tile.number)).replace("<UVTILE>", f"u{u + 1}_v{v + 1}")
        yield path.with_name(name)


def _sequence_begins(path: Path) -> bool:
    """Whether any file of the sequence is there."""
    stem = path.stem.rstrip("0123456789")
    return path.is_file() or any(path.parent.glob(f"{_literal(stem)}[0-9]*{_literal(path.suffix)}"))


def _literal(text: str) -> str:
    return "".join(f"[{char}]" if char in "*?[" else char for char in text)


def _absolute(path: str, library: Any) -> Path:
    return Path(bpy.path.abspath(path, library=library))
