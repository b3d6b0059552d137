"""The files of the video edits of all scenes; their sounds are data-blocks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...scene.values import strips
from .. import paths
from ..findings import Editor, Place
from ..subject import FileUse, Step, Subject, sliced


def look(subject: Subject) -> Iterator[Step]:
    """All pictures and movies of strips."""
    for name in [scene.name for scene in subject.data.scenes]:
        for piece in sliced(lambda name=name: list(_strips(subject, name))):  # type: ignore[misc]
            for strip in piece:
                subject.files += of_strip(strip, name, subject.here.folder)
            yield None


def _strips(subject: Subject, scene: str) -> Any:
    """All strips of a scene, if it is still there."""
    return strips(subject.data.scenes[scene]) if scene in subject.data.scenes else ()


def of_strip(strip: Any, scene: str, folder: str) -> Iterator[FileUse]:
    """The files of one strip."""
    place = Place("scenes", scene, part=strip.name, editor=Editor.SEQUENCER)
    if strip.type == "MOVIE":
        yield FileUse("movie strip", strip.filepath, paths.absolute(strip.filepath, folder), place)
    elif strip.type == "IMAGE":
        start = paths.absolute(strip.directory, folder)
        for element in strip.elements:
            path = paths.joined(start, element.filename)
            yield FileUse("image strip", strip.directory, path, place, attribute="directory")
