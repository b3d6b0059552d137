"""What a command's handler gets, and how it says that it failed."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from flamenco_common.commands import FileSet
from flamenco_common.documents import Assignment, FrameTiming, TaskFile

from flamenco_worker.config import WorkerConfig
from flamenco_worker.errors import Cancelled, CommandFailed

if TYPE_CHECKING:
    from flamenco_worker.commands.blender import BlenderSessions


@dataclass(frozen=True)
class Made:
    """A file that a command wrote in its scratch folder.

    It is checked, moved to `root`/`path`, hashed and sent up in the background while the command goes on.
    `width` and `height` are what it must have (0: whatever it has). `proved` says that the command itself decoded it to the
    end, which is not worth doing twice for a long video.
    """

    file: Path
    path: str
    root: str = "output"
    kind: str = "frame"
    frame: int | None = None
    width: int = 0
    height: int = 0
    layer: str = ""
    proved: bool = False


class Reporter(Protocol):
    """Where a command's news go; `run.Run` in the worker, a list in tests."""

    def log(self, line: str) -> None:
        """Add a line to the run's log."""

    def progress(self, fraction: float, activity: str) -> None:
        """Say how far the run is, from 0 to 1, and what it does now."""

    def output(self, made: Made) -> None:
        """Hand over a file for checking and sending."""

    def timing(self, timing: FrameTiming) -> None:
        """Say how long a frame took."""

    def memory(self, megabytes: int) -> None:
        """Say how much memory the run uses now."""


@dataclass
class CommandContext:
    """All that a handler needs for one run."""

    assignment: Assignment
    scratch: Path  # a folder of this run, on the file system of the outputs
    files: list[TaskFile]
    config: WorkerConfig
    reporter: Reporter
    blenders: BlenderSessions
    ffmpeg: str = ""
    cancelled: threading.Event = field(default_factory=threading.Event)

    @property
    def job_root(self) -> Path:
        """The folder of the job's files."""
        return Path(self.assignment.job_root)

    @property
    def output_root(self) -> Path:
        """The folder of the job's outputs."""
        return Path(self.assignment.output_root)

    def fresh(self, path: str) -> Path:
        """A file to write, named as `path`, in a scratch folder of its own: two outputs of a run may have one name."""
        folder = self.scratch / uuid.uuid4().hex
        folder.mkdir(parents=True)
        return folder / Path(path).name

    def check_cancelled(self) -> None:
        """Raise `Cancelled` if the run is to stop."""
        if self.cancelled.is_set():
            raise Cancelled("the run was canceled")

    def relative(self, path: str) -> tuple[str, str]:
        """Split a concrete path of a command into root name and path below it. Raises `CommandFailed`."""
        for root, folder in (("output", self.output_root), ("job", self.job_root)):
            pure = Path(path)
            if pure.is_relative_to(folder):
                return root, pure.relative_to(folder).as_posix()
        raise CommandFailed(f"the path {path} is neither among the job's files nor among its outputs")

    def resolve(self, files: FileSet) -> list[tuple[TaskFile, Path]]:
        """The files of a set, in path order, and where they are. Raises `CommandFailed` if one is not there."""
        chosen = [self._explicit(path) for path in files.paths]
        chosen += sorted((each for each in self.files if files.names(each.step, each.path)), key=lambda each: each.path)
        found = [(each, self.place(each)) for each in chosen]
        gone = [str(path) for _, path in found if not path.is_file()]
        if gone:
            raise CommandFailed(
                f"the input {gone[0]} is not there" + (f", nor are {len(gone) - 1} more" if gone[1:] else "")
            )
        return found

    def place(self, file: TaskFile) -> Path:
        """Where a file of the manifest is on this machine."""
        return (self.job_root if file.root == "job" else self.output_root) / file.path

    def _explicit(self, path: str) -> TaskFile:
        root, relative = self.relative(path)
        known = {(each.root, each.path): each for each in self.files}
        return known.get((root, relative)) or TaskFile(path=relative, sha256="", size=0, root=root)


Handler = Callable[[Any, CommandContext], None]
Handlers = Mapping[type, Handler]
