"""What Blender Asset Tracer does not see in a .blend file, mended: each function could stand in the tracer as it is.

The tracer walks data-blocks (`expanders`: which others does one use?) and asks each for the files it names
(`blocks2assets`, `modifier_walkers`). Mended here:

- Which data-blocks a linked one uses was listed by hand and incomplete (constraints, drivers, custom properties, most
  nodes and modifiers; on files of Blender 5.0 all materials' textures): all pointers are followed now, as Blender does.
- Files that were not seen: numbers in the middle of a sequence's name, `<UVTILE>`, the pictures of a strip by their own
  names, clips of pictures, sequences and layers of cache files, soft bodies, rigid bodies and hair, scripts, IES and OSL
  files in any node tree, what import nodes read, external texts.
- Files that are none: packed pictures and libraries, sounds by a path that may be out of date, strips beside the .blend.
"""

from __future__ import annotations

import os
import re
from array import array
from collections.abc import Iterable, Iterator
from typing import Any

from blender_asset_tracer import cdefs, trace
from blender_asset_tracer.blendfile.iterators import dynamic_array, listbase, modifiers, sequencer_strips
from blender_asset_tracer.bpathlib import BlendPath as _BlendPath
from blender_asset_tracer.trace import blocks2assets, file2blocks, modifier_walkers
from blender_asset_tracer.trace.result import BlockUsage

MOST_RAW = 1 << 20  # bytes of an array of pointers; what is larger is geometry
MODIFIER_SOFTBODY = 10  # DNA_modifier_types.h
CLIP_SEQUENCE = 1  # DNA_movieclip_types.h: MovieClip.source
POINT_CACHE_IGNORE_LIBRARY = 1 << 11  # DNA_pointcache_types.h: PointCache.flag
SCRIPT_EXTERNAL, IES_EXTERNAL = 1, 1  # DNA_node_types.h: mode of NodeShaderScript and NodeShaderTexIES
LIBRARY_ARCHIVE = 1 << 0  # DNA_ID.h: Library.flag, of linked data that is packed into the file itself
NEXT_AND_PREVIOUS = 2  # pointers at the begin of every data-block, to its neighbors
PATHS_OF_NODES = {b"NodeShaderScript": SCRIPT_EXTERNAL, b"NodeShaderTexIES": IES_EXTERNAL}
IMPORT_NODES = b"GeometryNodeImport"  # begin of the idnames of nodes that read the file of their first input
UNLINKED = 0  # a socket's link
BlendPath: Any = _BlendPath  # its constructor has no types


class StringUsage(BlockUsage):
    """A path of any length: its field is a pointer to `string`, a block of its own."""

    def __init__(self, block: Any, field: Any, string: Any, **more: Any) -> None:
        super().__init__(block, BlendPath(string.as_bytes_string()), path_full_field=field, **more)
        self.string = string


class PackedLibraryUsage(BlockUsage):
    """A library whose data lie in the file itself: it is not read, but paths of that data are relative to it."""


class RecordUsage(BlockUsage):
    """A library that nothing is linked from any more: no fault if it is gone."""


class NamesUsage(BlockUsage):
    """Files of one folder by their names."""

    def __init__(self, block: Any, folder: bytes, names: list[bytes], **more: Any) -> None:
        first = BlendPath(b"//" + names[0]) if folder == b"//" else BlendPath(folder) / names[0]
        super().__init__(block, first, is_sequence=len(names) > 1, **more)
        self.folder: bytes = BlendPath(folder)
        self.names = names


class CacheUsage(BlockUsage):
    """Files that Blender looks for by rules of its own, NAME_*.ENDING beside a .blend: no path in the file names them.

    `beside_main`: beside the file that is open, though a library's data-block asks for them.
    """

    def __init__(self, block: Any, name: bytes, ending: bytes, *, beside_main: bool, **more: Any) -> None:
        folder = cdefs.PTCACHE_PATH + block.bfile.filepath.stem.encode()
        super().__init__(block, BlendPath(b"//%b/%b_*%b" % (folder, name, ending)), is_sequence=True, **more)
        self.name, self.ending, self.beside_main = os.fsdecode(name), os.fsdecode(ending), beside_main


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


# ---- which files a data-block names ----


def _field(block: Any, name: bytes, **more: Any) -> Iterator[BlockUsage]:
    """The path in a field, if the block has such a field."""
    path, field = block.get(name, default=b"", return_field=True)
    if field is not None and path:
        yield BlockUsage(block, BlendPath(path), path_full_field=field, **more)


def _number(block: Any, name: bytes) -> int:
    """A whole number of any type, of which the tracer reads some only; 0 if there is no such field."""
    if not block.has_field(name):
        return 0
    field, offset = block.dna_type.field_from_path(block.bfile.header.pointer_size, name)
    data = block.raw_data()[offset : offset + field.size]
    return int.from_bytes(data, "big" if block.bfile.header.endian_str == b">" else "little")


def _string(block: Any, name: bytes, **more: Any) -> Iterator[StringUsage]:
    """The path in a block that a field points to."""
    address, field = block.get(name, default=0, return_field=True)
    if field is not None and address in block.bfile.directory.numbers:
        yield StringUsage(block, field, block.bfile.block_from_addr[address], **more)


def image_files(block: Any) -> Iterator[BlockUsage]:
    """An image's file, tiles or sequence; nothing if it is packed."""
    sources = {cdefs.IMA_SRC_FILE, cdefs.IMA_SRC_SEQUENCE, cdefs.IMA_SRC_MOVIE, cdefs.IMA_SRC_TILED}
    source = block.get(b"source", default=cdefs.IMA_SRC_FILE)
    if source not in sources or block.get(b"packedfile", default=0) or block.get((b"packedfiles", b"first"), default=0):
        return
    yield from _field(block, b"name", is_sequence=source in (cdefs.IMA_SRC_SEQUENCE, cdefs.IMA_SRC_TILED))
    for number, view in enumerate(listbase(block.get_pointer((b"views", b"first"), default=None))):
        # Stereo pictures of one file a view; others name the image's own file once more.
        yield from _field(view, b"filepath", block_name=b"%b.views[%d]" % (block.id_name, number))


def library_files(block: Any) -> Iterator[BlockUsage]:
    """A library's file."""
    if _number(block, b"flag") & LIBRARY_ARCHIVE:
        path, field = block.get(b"name", return_field=True)
        yield PackedLibraryUsage(block, BlendPath(path), path_full_field=field)
    elif not block.get(b"packedfile", default=0):
        linked = any(each[b"lib"] == block.addr_old for each in block.bfile.find_blocks_from_code(b"ID"))
        path, field = block.get(b"name", return_field=True)
        yield (BlockUsage if linked else RecordUsage)(block, BlendPath(path), path_full_field=field)


def clip_files(block: Any) -> Iterator[BlockUsage]:
    """A movie clip's file or sequence of pictures."""
    yield from _field(block, b"name", is_sequence=block[b"source"] == CLIP_SEQUENCE)


def cache_file_files(block: Any) -> Iterator[BlockUsage]:
    """An Alembic or USD file, or a sequence of them, and the layers over it."""
    yield from _field(block, b"filepath", is_sequence=bool(block.get(b"is_sequence", default=0)))
    for number, layer in enumerate(listbase(block.get_pointer((b"layers", b"first"), default=None))):
        yield from _field(layer, b"filepath", block_name=b"%b.layers[%d]" % (block.id_name, number))


def text_files(block: Any) -> Iterator[BlockUsage]:
    """The file of an external text; before it was a pointer the path had a field of its own."""
    yield from _string(block, b"name")


def scene_files(block: Any) -> Iterator[BlockUsage]:
    """Pictures and movies of the sequencer, what nodes name, and caches of rigid bodies."""
    yield from tree_owner_files(block)
    editor = block.get_pointer(b"ed", None)
    for number, (strip, kind) in enumerate(sequencer_strips(editor) if editor is not None else ()):
        if kind in (cdefs.SEQ_TYPE_IMAGE, cdefs.SEQ_TYPE_MOVIE):
            yield from _strip_files(strip, b"%b.strips[%d]" % (block.id_name, number))
    world = block.get_pointer(b"rigidbody_world", None)
    shared = world.get_pointer(b"shared", None) if world is not None else None
    cache = shared.get_pointer(b"pointcache", None) if shared is not None else None
    if cache is not None:
        yield from point_cache_files(block, cache, b"%b.rigidbody_world" % block.id_name)


def _strip_files(strip: Any, block_name: bytes) -> Iterator[BlockUsage]:
    data = strip.get_pointer(b"strip")
    elements = data.get_pointer(b"stripdata") if data is not None else None
    if elements is None:
        return
    folder, folder_field = data.get(b"dir", return_field=True)
    _, name_field = elements.get(b"name", return_field=True)
    names = list(dict.fromkeys(name for element in dynamic_array(elements) if (name := element[b"name"])))
    if names:
        yield NamesUsage(
            data, folder, names, path_dir_field=folder_field, path_base_field=name_field, block_name=block_name
        )


def tree_owner_files(block: Any) -> Iterator[BlockUsage]:
    """What the nodes of a data-block name: of its own tree, or of itself."""
    if block.code == b"NT":
        yield from node_files(block, block.id_name)
        return
    tree = block.get_pointer(b"nodetree", None)
    if tree is not None and tree.code == b"DATA":
        yield from node_files(tree, block.id_name)


def node_files(tree: Any, owner: bytes) -> Iterator[BlockUsage]:
    """The scripts, lamp profiles and geometry that the nodes of a tree read from files."""
    for number, node in enumerate(listbase(tree.get_pointer((b"nodes", b"first")))):
        name = b"%b.nodes[%d]" % (owner, number)
        if node[b"idname"].startswith(IMPORT_NODES):
            yield from _import_files(node, name)
        storage: Any = node.get_pointer(b"storage", None)
        external = PATHS_OF_NODES.get(storage.dna_type_id) if storage is not None else None
        if external is not None and storage[b"mode"] == external:
            yield from _field(storage, b"filepath", block_name=name)


def _import_files(node: Any, block_name: bytes) -> Iterator[BlockUsage]:
    socket = node.get_pointer((b"inputs", b"first"))
    if socket is None or socket[b"type"] != cdefs.SOCK_STRING or socket.get(b"link", default=UNLINKED) != UNLINKED:
        return
    value = socket.get_pointer(b"default_value", None)
    if value is not None:
        yield from _field(value, b"value", block_name=block_name)


def object_files(block: Any) -> Iterator[BlockUsage]:
    """What an object's modifiers read, and the caches of its simulations."""
    context = modifier_walkers.ModifierContext(owner=block)
    for number, modifier in enumerate(modifiers(block)):
        handler = MODIFIERS.get(modifier[b"modifier", b"type"])
        if handler is not None:
            yield from handler(context, modifier, b"%b.modifiers[%d]" % (block.id_name, number))


def _soft_body(context: Any, _modifier: Any, block_name: bytes) -> Iterator[BlockUsage]:
    soft = context.owner.get_pointer(b"soft", None)
    shared = soft.get_pointer(b"shared", None) if soft is not None else None
    for holder in (shared, soft):
        cache = holder.get_pointer(b"pointcache", None) if holder is not None else None
        if cache is not None:
            yield from point_cache_files(context.owner, cache, block_name)
            return


def _particles(context: Any, modifier: Any, block_name: bytes) -> Iterator[BlockUsage]:
    system = modifier.get_pointer(b"psys")
    cache = system.get_pointer(b"pointcache", None) if system is not None else None
    if cache is not None:  # of hair dynamics, too
        yield from point_cache_files(context.owner, cache, block_name)


def _walk_point_cache(
    context: Any, block_name: bytes, _bfile: Any, cache: Any, extension: bytes
) -> Iterator[BlockUsage]:
    yield from point_cache_files(context.owner, cache, block_name, extension)


def point_cache_files(
    owner: Any, cache: Any, block_name: bytes, extension: bytes = cdefs.PTCACHE_EXT
) -> Iterator[BlockUsage]:
    """The folder of an external point cache, or a pattern of the files of one on disk. See ptcache_path in Blender."""
    flag = cache[b"flag"]
    if flag & cdefs.PTCACHE_EXTERNAL:
        yield from _field(cache, b"path", is_sequence=True, block_name=block_name)
    elif flag & cdefs.PTCACHE_DISK_CACHE:
        name, field = cache.get(b"name", return_field=True)
        beside_main = bool(flag & POINT_CACHE_IGNORE_LIBRARY)
        stem = name or owner[b"id", b"name"][2:].hex().upper().encode()
        yield CacheUsage(cache, stem, extension, beside_main=beside_main, path_full_field=field, block_name=block_name)


def _nodes(_context: Any, modifier: Any, block_name: bytes) -> Iterator[BlockUsage]:
    """The folders of a geometry-nodes modifier's bakes; before 4.1 there was one for all."""
    target, count = modifier.get(b"bake_target", default=None), modifier.get(b"bakes_num", default=None)
    if count is None:
        yield from _string(modifier, b"simulation_bake_directory", is_sequence=True, block_name=block_name)
        return
    if not count:  # the pointer to them may point anywhere
        return
    for number, bake in enumerate(dynamic_array(modifier.get_pointer(b"bakes"))):
        own = bake.get(b"bake_target", default=cdefs.NODES_MODIFIER_BAKE_TARGET_INHERIT)
        if (own or target) == cdefs.NODES_MODIFIER_BAKE_TARGET_PACKED:
            continue
        custom = bake[b"flag"] & cdefs.NODES_MODIFIER_BAKE_CUSTOM_PATH
        block, name = (bake, b"directory") if custom else (modifier, b"simulation_bake_directory")
        yield from _string(block, name, is_sequence=True, block_name=b"%b.bakes[%d]" % (block_name, number))


MODIFIERS: dict[int, Any] = {
    **modifier_walkers.modifier_handlers,
    MODIFIER_SOFTBODY: _soft_body,
    cdefs.eModifierType_ParticleSystem: _particles,
    cdefs.eModifierType_Nodes: _nodes,
}
for _kind in (
    # Their textures, images and cache files are data-blocks, and asked themselves.
    cdefs.eModifierType_Displace, cdefs.eModifierType_Wave, cdefs.eModifierType_UVProject,
    cdefs.eModifierType_WeightVGEdit, cdefs.eModifierType_WeightVGMix, cdefs.eModifierType_WeightVGProximity,
    cdefs.eModifierType_MeshSequenceCache,
):  # fmt: skip
    del MODIFIERS[_kind]

FILES = {
    b"CF": cache_file_files, b"IM": image_files, b"LA": tree_owner_files, b"LI": library_files, b"LS": tree_owner_files,
    b"MA": tree_owner_files, b"MC": clip_files, b"NT": tree_owner_files, b"OB": object_files, b"SC": scene_files,
    b"TE": tree_owner_files, b"TX": text_files, b"WO": tree_owner_files,
}  # fmt: skip


_unmended = blocks2assets.iter_assets


def files_of(block: Any) -> Iterator[BlockUsage]:
    """What a data-block names. `library` is set if its data were linked and are packed into the file."""
    library = block.get_pointer((b"id", b"lib"), None)
    for usage in _unmended(block):
        usage.library = library  # type: ignore[attr-defined]
        yield usage


# ---- paths of network shares ----

SHARE = b"\\\\"


def _new_path(cls: Any, path: Any) -> Any:
    """A path with slashes; but two backslashes at its begin stay, as two slashes mean: relative to the .blend."""
    made: Any = _slashed(cls, path)
    return bytes.__new__(cls, SHARE + made[2:]) if isinstance(path, bytes) and path.startswith(SHARE) else made


def _is_absolute(path: Any) -> bool:
    """Whether a path is absolute, on any platform."""
    return bytes(path).startswith(SHARE) or bool(_is_absolute_else(path))


_slashed: Any = _BlendPath.__new__
_is_absolute_else: Any = _BlendPath.is_absolute


def mend() -> None:
    """Put the mended parts in place; twice is as good as once."""
    blocks2assets._funcs_for_code.update(FILES)
    assets: Any = blocks2assets
    assets.iter_assets = files_of
    BlendPath.__new__ = _new_path
    BlendPath.is_absolute = _is_absolute
    walkers: Any = modifier_walkers
    walkers._walk_point_cache = _walk_point_cache
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
