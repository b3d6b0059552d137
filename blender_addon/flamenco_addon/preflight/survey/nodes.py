"""The nodes of all trees: files that they name, sequences that they count, and nodes that workers may not have."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from .. import paths
from ..findings import Editor, Place
from ..subject import FileUse, NodeUse, SequenceUse, Step, Subject, linked_from, sliced
from .files import Folders

OWNERS = ("materials", "worlds", "lights", "linestyles", "textures", "scenes")
BUILT_IN = ("bpy.types", "bpy_types", "_bpy_types")
UNDEFINED = "NodeUndefined"
EXTERNAL = {"ShaderNodeTexIES": "light profile", "ShaderNodeScript": "shader script"}
IMPORT = "GeometryNodeImport"  # begin of the names of nodes that read the file that their first input names
MOST_NODES = 500  # that are looked at without a pause


def look(subject: Subject) -> Iterator[Step]:
    """All nodes, and textures without nodes."""
    folders, seen = Folders(subject.here.folder), 0
    for collection in (*OWNERS, "node_groups"):
        for owners in sliced(_getter(subject, collection), 50):
            for owner in owners:
                tree = owner if collection == "node_groups" else getattr(owner, "node_tree", None)
                if collection == "textures":
                    _texture(subject, owner, folders)
                if tree is not None and owner.users:
                    seen += _tree(subject, collection, owner, tree, folders)
            if seen > MOST_NODES:
                seen = 0
                yield None
        yield None


def _getter(subject: Subject, collection: str) -> Callable[[], Any]:
    return lambda: getattr(subject.data, collection)


def _texture(subject: Subject, texture: Any, folders: Folders) -> None:
    if texture.users and texture.type == "IMAGE" and texture.image is not None:
        place = Place("textures", texture.name, linked_from(texture), editor=Editor.MODIFIER)
        _sequence(subject, texture.image, texture.image_user, place, folders)


def _tree(subject: Subject, collection: str, owner: Any, tree: Any, folders: Folders) -> int:
    place = Place(collection, owner.name, linked_from(owner), editor=tree.bl_idname)
    if type(tree).__module__ not in BUILT_IN:
        subject.nodes.append(NodeUse(place, tree.bl_idname, type(tree).__module__))
        return 0
    nodes = tree.nodes
    for node in nodes:
        _node(subject, node, place, folders)
    return len(nodes)


def _node(subject: Subject, node: Any, owner: Place, folders: Folders) -> None:
    idname = node.bl_idname
    if idname == UNDEFINED or type(node).__module__ not in BUILT_IN:
        module = "" if idname == UNDEFINED else type(node).__module__
        subject.nodes.append(NodeUse(_at(owner, node), idname, module))
    elif idname in EXTERNAL:
        _file(subject, node, owner, folders, EXTERNAL[idname], str(node.filepath) if node.mode == "EXTERNAL" else "")
    elif idname.startswith(IMPORT):
        source = node.inputs[0]
        _file(subject, node, owner, folders, "model", "" if source.is_linked else str(source.default_value))
    else:
        image = getattr(node, "image", None)
        if image is not None and image.source == "SEQUENCE":
            _sequence(subject, image, getattr(node, "image_user", node), _at(owner, node), folders)


def _at(owner: Place, node: Any) -> Place:
    return Place(owner.collection, owner.name, owner.library, node.name, owner.editor)


def _file(subject: Subject, node: Any, owner: Place, folders: Folders, word: str, written: str) -> None:
    if not written:
        return
    library = node.id_data.library
    path = paths.absolute(written, folders.of(library))
    subject.files.append(FileUse(word, written, path, _at(owner, node), linked=library is not None))


def _sequence(subject: Subject, image: Any, user: Any, place: Place, folders: Folders) -> None:
    """A use of a sequence; a compositor's image node counts its frames itself."""
    if image.source != "SEQUENCE" or not image.filepath or len(image.packed_files):
        return
    if not getattr(user, "use_auto_refresh", True):
        return
    subject.sequences.append(
        SequenceUse(
            paths.absolute(str(image.filepath), folders.of(image.library)),
            place,
            int(user.frame_start),
            int(user.frame_duration),
            int(user.frame_offset),
            bool(getattr(user, "use_cyclic", False)),
        )
    )
