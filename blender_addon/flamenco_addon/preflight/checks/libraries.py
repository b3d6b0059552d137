"""Linked data-blocks are there and as new as what is on the disk."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from .. import paths, versions
from ..disk import Disk
from ..findings import Editor, Finding, Place, Severity
from ..subject import Later, Step, Subject, sliced
from .missing_files import missing_is

RELOAD = "Reload"


def check(subject: Subject) -> Iterator[Step]:
    """Libraries, then what is linked from them; that a library's file is missing is told elsewhere."""
    if not len(subject.data.libraries):
        return
    yield from _newer(subject)
    yield Later(_changed(subject))
    for collection in collections(subject.data):
        for blocks in sliced(lambda name=collection: getattr(subject.data, name)):  # type: ignore[misc]
            for block in blocks:
                if block.library is not None and getattr(block, "is_missing", False) and not _is_away(block.library):
                    yield Finding(
                        "libraries",
                        missing_is(subject),
                        f"{block.name} is no longer in the library {block.library.filepath}",
                        Place(collection, block.name, str(block.library.filepath), editor=Editor.OUTLINER),
                    )
            yield None


def collections(data: Any) -> list[str]:
    """The collections of data-blocks."""
    return [
        each.identifier
        for each in data.bl_rna.properties
        if each.type == "COLLECTION" and each.identifier != "libraries"
    ]


def _is_away(library: Any) -> bool:
    """Whether the whole library is missing."""
    return bool(getattr(library, "is_missing", False))


def _newer(subject: Subject) -> Iterator[Finding]:
    """Blender loads files of newer ones, and loses what it does not know."""
    here = subject.here.version[:2]
    for library in subject.data.libraries:
        saved = tuple(library.version)[:2]
        if saved > here:
            yield Finding(
                "libraries",
                Severity.WARNING,
                f"The library {library.name} was saved by Blender {versions.series(saved)}, this is "
                f"{versions.series(here)}: what is new in it may be lost",
                Place("libraries", library.name, editor=Editor.OUTLINER),
            )


def _changed(subject: Subject) -> Any:
    opened, again = subject.here.memory.opened_at, dict(subject.here.memory.reloaded_at)
    found = [(use.place, use.path) for use in subject.files if use.kind == "library"]

    def answer(disk: Disk) -> Iterator[Finding]:
        for place, path in found:
            read = again.get(place.name, opened)
            if read and disk.changed_at(path) > read + 1:
                yield Finding(
                    "libraries",
                    Severity.WARNING,
                    f"The library {paths.file_name(path)} was saved after this file was opened: the farm renders what is "
                    "in it now",
                    place,
                    fix=RELOAD,
                    value=place.name,
                )

    return answer


def fix(finding: Finding, subject: Subject) -> None:
    """Read the library again."""
    subject.data.libraries[finding.value].reload()
    subject.here.memory.reloaded_at[finding.value] = time.time()
