"""The files that data-blocks name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from .. import paths
from ..findings import Editor, Place
from ..subject import FileUse, Step, Subject, sliced


@dataclass(frozen=True)
class Kind:
    """A collection of data-blocks that are files."""

    collection: str
    word: str
    editor: str = Editor.OUTLINER
    needed: bool = True


KINDS = (
    Kind("images", "image", Editor.IMAGE),
    Kind("movieclips", "movie clip", Editor.CLIP),
    Kind("sounds", "sound"),
    Kind("fonts", "font"),
    Kind("cache_files", "cache file"),
    Kind("volumes", "volume"),
    Kind("texts", "text", Editor.TEXT, needed=False),  # what it says is in the .blend as well
)


def look(subject: Subject) -> Iterator[Step]:
    """All files of data-blocks."""
    folders = Folders(subject.here.folder)
    for pieces in sliced(lambda: subject.data.libraries):
        inside = archived(subject.data)
        subject.files += [library_use(each, folders) for each in pieces if not is_inside(each, inside)]
        yield None
    for kind in KINDS:
        yield from _blocks(subject, kind, folders)


def _blocks(subject: Subject, kind: Kind, folders: Folders) -> Iterator[Step]:
    for pieces in sliced(_getter(subject, kind.collection)):
        for block in pieces:
            if block.users and block.filepath and not in_the_blend(block):
                subject.files.append(block_use(block, kind, folders))
        yield None


def _getter(subject: Subject, collection: str) -> Callable[[], Any]:
    return lambda: getattr(subject.data, collection)


class Folders:
    """The folders that relative paths begin in: the open .blend's, and those of libraries."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._of: dict[str, str] = {}

    def of(self, library: Any) -> str:
        """The folder of a linked data-block's library; of the open .blend for None."""
        if library is None:
            return self._folder
        written = str(library.filepath)
        if written not in self._of:
            # Blender makes the paths of all libraries relative to the open .blend, those of nested ones too.
            self._of[written] = paths.folder_of(paths.absolute(written, self._folder))
        return self._of[written]


def archived(data: Any) -> set[Any]:
    """The libraries of which linked data is packed into the .blend; Blender can since 5.0."""
    return {each.archive_parent_library for each in data.libraries if getattr(each, "is_archive", False)}


def is_inside(library: Any, archived: set[Any]) -> bool:
    """Whether all that is used of a library is packed into the .blend: the library, or its linked data."""
    if library.packed_file is not None or getattr(library, "is_archive", False):
        return True
    return library in archived and not library.users_id


def library_use(library: Any, folders: Folders) -> FileUse:
    """A library's own file."""
    written = str(library.filepath)
    return FileUse(
        "library",
        written,
        paths.absolute(written, folders.of(None)),
        Place("libraries", library.name, editor=Editor.OUTLINER),
        linked=library.parent is not None,
    )


def block_use(block: Any, kind: Kind, folders: Folders) -> FileUse:
    """The file of a data-block."""
    written, source = str(block.filepath), source_of(block)
    library = block.library
    return FileUse(
        kind.word,
        written,
        paths.absolute(written, folders.of(library)),
        Place(kind.collection, block.name, str(library.filepath) if library is not None else "", editor=kind.editor),
        source=source,
        tiles=tuple(tile.number for tile in block.tiles) if source == "TILED" else (),
        linked=library is not None,
        needed=kind.needed,
    )


def source_of(block: Any) -> str:
    """FILE, SEQUENCE or TILED."""
    if getattr(block, "is_sequence", False):
        return "SEQUENCE"
    source = getattr(block, "source", "FILE")
    return source if source in ("SEQUENCE", "TILED") else "FILE"


def in_the_blend(block: Any) -> bool:
    """Whether the data-block needs no file."""
    if getattr(block, "source", "FILE") in ("GENERATED", "VIEWER") or block.filepath == "<builtin>":
        return True
    if getattr(block, "is_in_memory", False):
        return True
    return getattr(block, "packed_file", None) is not None or bool(len(getattr(block, "packed_files", ())))
