"""The files of the video edits of all scenes; their sounds are data-blocks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...scene.values import strips
from .. import paths
from ..findings import Editor, Place
from ..subject import SLICE, FileUse, Step, Subject


def look(subject: Subject) -> Iterator[Step]:
    """All pictures and movies of strips."""
    for name in [scene.name for scene in subject.data.scenes]:
        number, count = 0, 0
        while True:
            found = list(strips(subject.data.scenes[name])) if name in subject.data.scenes else []
            if number >= len(found):
                break
            uses = list(of_strip(found[number], name, subject.here.folder))
            subject.files += uses
            number, count = number + 1, count + 1 + len(uses)
            if count > SLICE:
                count = 0
                yield None


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
