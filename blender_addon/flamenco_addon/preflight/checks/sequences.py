"""Every picture of an image sequence that a frame of the job shows is there."""

from __future__ import annotations

from collections.abc import Iterator

from .. import frame_lists
from ..disk import Disk
from ..findings import Finding, Severity
from ..rendering import Rendered, frames_text, rendered
from ..subject import Later, SequenceUse, Step, Subject
from .missing_files import begins, missing_is, numbered

MOST_FRAMES = 20_000  # of a job that are looked at one by one


def check(subject: Subject) -> Iterator[Step]:
    """Blender shows pink, or the last picture, where one is missing."""
    if rendered(subject) is Rendered.NOTHING:
        return
    frames = frame_lists.numbers(frames_text(subject))[:MOST_FRAMES]
    uses, grave = list(dict.fromkeys(subject.sequences)), missing_is(subject)
    yield Later(lambda disk: gaps(uses, frames, disk, grave))


def gaps(uses: list[SequenceUse], frames: list[int], disk: Disk, grave: Severity) -> Iterator[Finding]:
    """The pictures that are not there, a sentence a sequence; one that is missing whole is told elsewhere."""
    told: set[tuple[str, str]] = set()
    for use in uses:
        if not begins(use.path, disk):
            continue
        gone = [number for number in shown(use, frames) if not disk.exists(numbered(use.path, number))]
        text = frame_lists.text(sorted(set(gone)))
        if gone and (use.path, text) not in told:
            told.add((use.path, text))
            pictures = "picture" if text.isdigit() else "pictures"
            yield Finding("sequences", grave, f"The image sequence {use.path} lacks the {pictures} {text}", use.place)


def shown(use: SequenceUse, frames: list[int]) -> list[int]:
    """The numbers of the pictures that frames of the scene show."""
    found = []
    for frame in frames:
        at = frame - use.start + 1
        if use.cyclic and use.length > 0:
            at = (at - 1) % use.length + 1
        if 1 <= at <= use.length:
            found.append(at + use.offset)
    return found
