"""What lies already where the results will be brought to."""

from __future__ import annotations

from collections.abc import Iterator

from ...core.words import counted
from ...scene.destinations import frame_paths
from .. import frame_lists, paths
from ..disk import Disk
from ..findings import Editor, Finding, Place, Severity
from ..rendering import frames_text, renders
from ..subject import Later, Step, Subject

TEMPORARY = ("/tmp", "/private/tmp")  # noqa: S108 - Blender's own output folder at first


def check(subject: Subject) -> Iterator[Step]:
    """Frames that are there are not overwritten without a word; who brings results is told now."""
    scene = subject.scene
    if not renders(subject) or subject.job.output or scene.render.is_movie_format:
        return
    frames = frame_lists.numbers(frames_text(subject))
    found = frame_paths(scene)
    if found is None or not frames:
        return
    folder, place = paths.folder_of(found[0]), subject.at(Editor.OUTPUT)
    if folder in TEMPORARY:
        text = f"The scene's output folder is {folder}: what lies there does not last"
        yield Finding("results", Severity.NOTE, text, place)
    names = {paths.file_name(scene.render.frame_path(frame=frame)) for frame in frames[:5000]}
    yield Later(lambda disk: there(folder, names, place, disk))


def there(folder: str, names: set[str], place: Place, disk: Disk) -> Iterator[Finding]:
    """How many of the frames are there."""
    old = len(names & disk.names(folder))
    if old:
        text = (
            f"{counted(old, 'frame')} of this output {'is' if old == 1 else 'are'} in {folder} already: bringing the "
        )
        yield Finding("results", Severity.NOTE, text + "results back asks before it replaces any", place)
