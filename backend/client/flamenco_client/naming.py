"""Which files each kind of data-block names: what the tracer's `blocks2assets` and `modifier_walkers` do, whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from blender_asset_tracer import cdefs
from blender_asset_tracer.blendfile.iterators import dynamic_array, listbase, modifiers, sequencer_strips
from blender_asset_tracer.trace import blocks2assets, modifier_walkers
from blender_asset_tracer.trace.result import BlockUsage

from flamenco_client.usages import BlendPath, CacheUsage, NamesUsage, PackedLibraryUsage, RecordUsage, StringUsage

MODIFIER_SOFTBODY = 10  # DNA_modifier_types.h
CLIP_SEQUENCE = 1  # DNA_movieclip_types.h: MovieClip.source
POINT_CACHE_IGNORE_LIBRARY = 1 << 11  # DNA_pointcache_types.h: PointCache.flag
SCRIPT_EXTERNAL, IES_EXTERNAL = 1, 1  # DNA_node_types.h: mode of NodeShaderScript and NodeShaderTexIES
LIBRARY_ARCHIVE = 1 << 0  # DNA_ID.h: Library.flag, of linked data that is packed into the file itself
PATHS_OF_NODES = {b"NodeShaderScript": SCRIPT_EXTERNAL, b"NodeShaderTexIES": IES_EXTERNAL}
IMPORT_NODES = b"GeometryNodeImport"  # begin of the idnames of nodes that read the file of their first input
UNLINKED = 0  # a socket's link


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


def walk_point_cache(
    context: Any, block_name: bytes, _bfile: Any, cache: Any, extension: bytes
) -> Iterator[BlockUsage]:
    """As the tracer's handlers of modifiers call it."""
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
