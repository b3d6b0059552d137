"""Files that a .blend names and that are not there; Blender itself renders without them and says nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy

from . import choices, sequences
from .problems import Problem

MOST_NAMED = 20  # in the reason why a task failed


def files(scene: Any) -> list[str]:
    """What is missing, one phrase a file."""
    found: dict[str, None] = {}
    for phrase in (*_libraries(), *_blocks(), *_strips(scene)):
        found.setdefault(phrase)
    return list(found)


def refuse(gone: list[str]) -> None:
    """Raise `Problem` for missing files; a long list is cut, its whole goes to the log."""
    if len(gone) > MOST_NAMED:
        print("\n".join(f"missing: {each}" for each in gone))  # noqa: T201
    named = "; ".join(gone[:MOST_NAMED]) + ("; …" if len(gone) > MOST_NAMED else "")
    raise Problem(f"{'a file is' if len(gone) == 1 else f'{len(gone)} files are'} missing: {named}")


def _libraries() -> Iterator[str]:
    for library in bpy.data.libraries:
        path = absolute(library.filepath, None)  # of a library in a library, too, it is relative to the open file
        if not _is_inside(library) and not path.is_file():
            yield f"library {path}"


def _is_inside(library: Any) -> bool:
    """Whether what is used of a library is packed into the open file: the library, or since 5.0 its linked data."""
    if library.packed_file is not None or getattr(library, "is_archive", False):
        return True
    archived = any(getattr(each, "archive_parent_library", None) == library for each in bpy.data.libraries)
    return archived and not library.users_id


def _blocks() -> Iterator[str]:
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
    path = absolute(block.filepath, block.library)
    if source == "TILED":
        return [tile for tile in _tiles(block, path) if not tile.is_file()]
    if source == "SEQUENCE" or getattr(block, "is_sequence", False):
        return [] if sequences.begins(path) else [path]
    return [] if path.exists() else [path]


def _tiles(image: Any, path: Path) -> Iterator[Path]:
    """The files of a tiled image: 1001 + u + 10 v, or u1_v1."""
    for tile in image.tiles:
        v, u = divmod(tile.number - 1001, 10)
        name = path.name.replace("<UDIM>", str(tile.number)).replace("<UVTILE>", f"u{u + 1}_v{v + 1}")
        yield path.with_name(name)


def _strips(scene: Any) -> Iterator[str]:
    """Pictures and movies of the video edit; its sounds are blocks."""
    if not scene.render.use_sequencer:
        return
    for strip in choices.strips(scene):
        if strip.mute:
            continue
        if strip.type == "MOVIE":
            names = [strip.filepath]
        elif strip.type == "IMAGE":
            names = [f"{strip.directory.rstrip('/')}/{element.filename}" for element in strip.elements]
        else:
            continue
        for path in (absolute(name, None) for name in names):
            if not path.is_file():
                yield f"strip {strip.name}: {path}"


def caches(scene: Any) -> list[str]:
    """Caches of baked simulations that are missing, one phrase each: those simulations would stand still."""
    return list(dict.fromkeys(_caches(scene)))


def _caches(scene: Any) -> Iterator[str]:
    for thing in scene.objects:
        for system in thing.particle_systems:
            yield from _point_cache(thing, system.point_cache)
        for modifier in thing.modifiers:
            cache = getattr(modifier, "point_cache", None)
            if cache is not None:
                yield from _point_cache(thing, cache)
            domain = getattr(modifier, "domain_settings", None)
            if domain is not None and domain.has_cache_baked_data:
                yield from _folder(thing, absolute(domain.cache_directory, thing.library))


def _point_cache(thing: Any, cache: Any) -> Iterator[str]:
    if cache.use_external:
        yield from _folder(thing, absolute(cache.filepath, thing.library))
    elif cache.use_disk_cache and cache.is_baked and bpy.data.filepath:
        blend = Path(bpy.data.filepath)
        yield from _folder(thing, blend.with_name(f"blendcache_{blend.stem}"))


def _folder(thing: Any, folder: Path) -> Iterator[str]:
    if not folder.is_dir() or not any(folder.iterdir()):
        yield f"cache of {thing.name}: {folder}"


def absolute(path: str, library: Any) -> Path:
    """The path as it is on this machine."""
    return Path(os.path.normpath(bpy.path.abspath(path, library=library)))
