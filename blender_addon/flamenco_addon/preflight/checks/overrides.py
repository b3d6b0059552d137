"""Library overrides are in step with what they override."""

from __future__ import annotations

from collections.abc import Iterator

from ..findings import Editor, Finding, Place, Severity
from ..subject import Step, Subject, sliced
from .libraries import collections


def check(subject: Subject) -> Iterator[Step]:
    """Blender brings overrides in step as it opens a file, each time anew until somebody saves that."""
    if not len(subject.data.libraries):
        return
    for library in subject.data.libraries:
        if getattr(library, "needs_liboverride_resync", False):
            yield Finding(
                "overrides",
                Severity.WARNING,
                f"Library overrides in {library.filepath} are out of date: open that file and save it again",
                Place("libraries", library.name, editor=Editor.OUTLINER),
            )
    for collection in collections(subject.data):
        for blocks in sliced(lambda name=collection: getattr(subject.data, name)):  # type: ignore[misc]
            for block in blocks:
                override = block.override_library if block.library is None else None
                if override is not None and lost(override.reference):
                    yield Finding(
                        "overrides",
                        Severity.WARNING,
                        f"The library override {block.name} has lost what it overrides: it no longer follows its library",
                        Place(collection, block.name, editor=Editor.OUTLINER),
                    )
            yield None


def lost(reference: object) -> bool:
    """Whether what is overridden is not there (any more)."""
    return reference is None or bool(getattr(reference, "is_missing", False))
