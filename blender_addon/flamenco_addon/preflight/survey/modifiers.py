"""The files of modifiers that read from the disk themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .. import paths
from ..findings import Editor, Place
from ..subject import FileUse, Step, Subject, linked_from, sliced
from .files import Folders


def look(subject: Subject) -> Iterator[Step]:
    """All of them, of all objects in the file."""
    folders = Folders(subject.here.folder)
    for things in sliced(lambda: subject.data.objects):
        for thing in things:
            if thing.users and len(thing.modifiers):
                subject.files += [use for each in thing.modifiers if (use := _use(thing, each, folders))]
        yield None


def _use(thing: Any, modifier: Any, folders: Folders) -> FileUse | None:
    written, word = _file(modifier)
    if not written:
        return None
    return FileUse(
        word,
        written,
        paths.absolute(written, folders.of(thing.library)),
        Place("objects", thing.name, linked_from(thing), modifier.name, Editor.MODIFIER),
        linked=thing.library is not None,
    )


def _file(modifier: Any) -> tuple[str, str]:
    """The file of a modifier and what to call it; empty if it has none."""
    if modifier.type == "MESH_CACHE":
        return str(modifier.filepath), "mesh cache"
    if modifier.type == "MULTIRES" and modifier.is_external:
        return str(modifier.filepath), "multires file"
    if modifier.type == "OCEAN" and modifier.is_cached:
        return str(modifier.filepath), "ocean cache"
    return "", ""
