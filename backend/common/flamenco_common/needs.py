"""Which of the files that a task could have it needs: a chunk of a video its own frames, an encoding no textures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import PurePosixPath

from flamenco_common.commands import (
    Command,
    CopyFiles,
    FfmpegConcat,
    FfmpegEncode,
    FileSet,
    MergeSamples,
    MergeTiles,
    MoveFiles,
)
from flamenco_common.documents import TaskFile
from flamenco_common.frames import BadFrames, Frames

Wants = Callable[[TaskFile], bool]
_ROOTS = ("{job}/", "{output}/")


def needed(commands: Iterable[Command], files: Sequence[TaskFile]) -> list[TaskFile]:
    """Those of `files` that the commands name; all if one may read others, or if no output of another step is among them."""
    wants: list[Wants] = []
    for command in commands:
        of_command = _wants(command)
        if of_command is None:
            return list(files)
        wants += of_command
    found = [file for file in files if any(want(file) for want in wants)]
    return found if any(file.step for file in found) else list(files)


def _wants(command: Command) -> list[Wants] | None:
    """What a command reads; None if nobody can say before it runs."""
    if isinstance(command, FfmpegEncode):
        return _of_sets((command.inputs, "" if command.hold_missing else command.frames), (command.sound, ""))
    if isinstance(command, FfmpegConcat):
        return _of_sets((command.inputs, ""), (command.sound, ""))
    if isinstance(command, MergeTiles | MergeSamples | CopyFiles | MoveFiles):
        return _of_sets((command.inputs, ""))
    return None


def _of_sets(*sets: tuple[FileSet | None, str]) -> list[Wants] | None:
    wants = []
    for each, frames in sets:
        if each is not None:
            if not all(path.startswith(_ROOTS) and "\\" not in path for path in each.paths):
                return None
            wants.append(_want(each, frames))
    return wants


def _want(files: FileSet, frames: str) -> Wants:
    try:
        numbers = frozenset(Frames.parse(frames).numbers) if frames else None
    except BadFrames:  # the command will say so
        numbers = None

    paths = frozenset(str(PurePosixPath(path)) for path in files.paths)

    def wanted(file: TaskFile) -> bool:
        if f"{{{file.root}}}/{file.path}" in paths:
            return True
        return files.names(file.step, file.path) and (numbers is None or file.frame is None or file.frame in numbers)

    return wanted
