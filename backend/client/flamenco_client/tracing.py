"""What Blender Asset Tracer does not see in a .blend file, mended: each function could stand in the tracer as it is.

The tracer walks data-blocks (`expanders`: which others does one use?) and asks each for the files it names
(`blocks2assets`, `modifier_walkers`). Mended here:

- Which data-blocks a linked one uses was listed by hand and incomplete (constraints, drivers, custom properties, most
  nodes and modifiers; on files of Blender 5.0 all materials' textures): all pointers are followed now, as Blender does.
- Files that were not seen: numbers in the middle of a sequence's name, `<UVTILE>`, the pictures of a strip by their own
  names, clips of pictures, sequences and layers of cache files, soft bodies, rigid bodies and hair, scripts, IES and OSL
  files in any node tree, what import nodes read, external texts.
  These, and which data-block names which files, are in `flamenco_client.naming`.
- Files that are none: packed pictures and libraries, sounds by a path that may be out of date, strips beside the .blend.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Iterator
from typing import Any

from blender_asset_tracer import trace
from blender_asset_tracer.trace import blocks2assets, file2blocks, modifier_walkers

from flamenco_client.naming import FILES, files_of, walk_point_cache
from flamenco_client.usages import BlendPath

MOST_RAW = 1 << 20  # bytes of an array of pointers; what is larger is geometry
NEXT_AND_PREVIOUS = 2  # pointers at the begin of every data-block, to its neighbors


# ---- which data-blocks a data-block uses ----


def used_blocks(block: Any) -> Iterator[Any]:
    """All data-blocks that one points to, whatever for: Blender links those, too."""
    if block.code == b"LI":
        return
    bfile = block.bfile
    known = _addresses(bfile)
    seen = {block.addr_old}
    for part in _parts(block):
        for address in known.intersection(_words(part, part is block)) - seen:
            seen.add(address)
            yield bfile.block_from_addr[address]


def _addresses(bfile: Any) -> set[int]:
    """Where a file's data-blocks were in memory."""
    if not hasattr(bfile, "id_addresses"):
        bfile.id_addresses = {block.addr_old for block in bfile.blocks if len(block.code) == 2}
    found: set[int] = bfile.id_addresses
    return found


def _parts(block: Any) -> Iterator[Any]:
    """A data-block and the blocks of its data, which follow it; only those that may hold pointers."""
    yield block
    pointing, directory = _pointing(block.bfile), block.bfile.directory
    structs, is_data = directory.structs, directory.is_data
    number = directory.numbers[block.addr_old] + 1
    while number < len(is_data) and is_data[number]:
        struct = structs[number]
        if struct in pointing if struct else directory.size(number) <= MOST_RAW:
            yield directory.block(number)
        number += 1


def _pointing(bfile: Any) -> set[int]:
    """The structs of a file that hold pointers, by their numbers."""
    if not hasattr(bfile, "pointing"):
        bfile.pointing = {number for number, struct in enumerate(bfile.structs) if _has_pointers(struct)}
    found: set[int] = bfile.pointing
    return found


def _has_pointers(struct: Any) -> bool:
    """Whether there is a pointer in a struct or in those that it holds."""
    if not hasattr(struct, "has_pointers"):
        struct.has_pointers = any(field.name.is_pointer or _has_pointers(field.dna_type) for field in struct.fields)
    return bool(struct.has_pointers)


def _words(block: Any, is_id: bool) -> Iterable[int]:
    """All of a block's bytes as pointers."""
    size = block.bfile.header.pointer_size
    data = block.raw_data()[NEXT_AND_PREVIOUS * size if is_id else 0 :]
    words = array("Q" if size == 8 else "I", data[: len(data) // size * size])
    if block.bfile.header.endian_str == b">":
        words.byteswap()
    return words


class _Walk(file2blocks.BlockIterator):
    """All blocks of a file, and those of its libraries that it uses."""

    def __init__(self) -> None:
        super().__init__()
        self._whole: Any = None

    def _queue_all_blocks(self, bfile: Any) -> None:
        self._whole = bfile
        for block in bfile.blocks:
            if len(block.code) == 2:
                self.to_visit.put(block)

    def _queue_named_blocks(self, bfile: Any, limit_to: set[Any]) -> None:
        wanted = {block[b"name"] for block in limit_to}
        for code in {name[:2] for name in wanted}:
            for block in bfile.find_blocks_from_code(code):
                if block.id_name in wanted:
                    self.to_visit.put(block)

    def _queue_dependencies(self, block: Any) -> None:
        if block.bfile is not self._whole:  # else all are queued already
            for used in used_blocks(block):
                self.to_visit.put(used)


# ---- paths of network shares ----

SHARE = b"\\\\"


def _new_path(cls: Any, path: Any) -> Any:
    """A path with slashes; but two backslashes at its begin stay, as two slashes mean: relative to the .blend."""
    made: Any = _slashed(cls, path)
    return bytes.__new__(cls, SHARE + made[2:]) if isinstance(path, bytes) and path.startswith(SHARE) else made


def _is_absolute(path: Any) -> bool:
    """Whether a path is absolute, on any platform."""
    return bytes(path).startswith(SHARE) or bool(_is_absolute_else(path))


_slashed: Any = BlendPath.__new__
_is_absolute_else: Any = BlendPath.is_absolute


def mend() -> None:
    """Put the mended parts in place; twice is as good as once."""
    blocks2assets._funcs_for_code.update(FILES)
    assets: Any = blocks2assets
    assets.iter_assets = files_of
    BlendPath.__new__ = _new_path
    BlendPath.is_absolute = _is_absolute
    walkers: Any = modifier_walkers
    walkers._walk_point_cache = walk_point_cache
    files: Any = file2blocks
    files.BlockIterator = _Walk
    trace.codes_to_skip.difference_update({b"WO", b"LS"})


# ---- which files on disk a usage stands for ----

_TILES = {"<UDIM>": r"\d{4}", "<UVTILE>": r"u\d+_v\d+"}


def pattern_of(name: str) -> re.Pattern[str] | None:
    """What the names of a sequence's files look like, by one of them; None if it is the only one.

    As in Blender it is the last number before the ending that counts, wherever it stands.
    """
    for token, tiles in _TILES.items():
        if token in name:
            before, after = name.split(token, 1)
            return re.compile(re.escape(before) + tiles + re.escape(after))
    stem, dot, ending = name.rpartition(".")
    match = _last_number(stem if dot else name)
    if match is None:
        return None
    before, digits, after = match
    return re.compile(rf"{re.escape(before)}-?\d{{{len(digits)},}}{re.escape(after + dot + (ending if dot else ''))}")


def _last_number(text: str) -> tuple[str, str, str] | None:
    found = list(re.finditer(r"\d+", text))
    return (text[: found[-1].start()], found[-1][0], text[found[-1].end() :]) if found else None
