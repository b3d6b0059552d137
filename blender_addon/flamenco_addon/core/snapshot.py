# SPDX-License-Identifier: GPL-3.0-or-later
"""A scene as it was at one moment: which file it is, and what it says."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from flamenco_client.errors import LocalFault
from flamenco_client.submit import Submission

PREFIX = "flamenco-"  # of temporary folders


@dataclass(frozen=True)
class Stamp:
    """What tells a file's content from another's."""

    size: int
    time: int

    @classmethod
    def of(cls, path: Path) -> Stamp | None:
        """The stamp of a file; None if there is no such file."""
        try:
            found = path.stat()
        except OSError:
            return None
        return cls(found.st_size, found.st_mtime_ns)


@dataclass(frozen=True)
class Snapshot:
    """The open .blend. To be discarded once it is packed."""

    source: Path  # where it lies, or would lie
    values: Mapping[str, Any]  # of its scene, by the names that job types know
    version: str  # of the Blender that has it open, like "4.5"
    content: Path | None = None  # the copy that holds its exact state; None: the file itself does
    folder: Path | None = None  # the temporary folder of the copy
    stamp: Stamp | None = None  # of the file itself, if that holds the exact state

    @property
    def untitled(self) -> bool:
        """Whether it was never saved."""
        return self.content == self.source

    def held(self) -> Snapshot:
        """The same with a copy, made in a moment, if the file itself is to be sent: an artist may save at any time.

        What is sent would change under way then; and Windows lets nobody save a file that somebody reads. Takes as long as the
        file is large, unless another name can be given to it. Raises `LocalFault`.
        """
        if self.folder is not None:
            return self
        folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        held = replace(self, content=folder / self.source.name, folder=folder)
        try:
            _take(self.source, folder / self.source.name)
            if self.stamp is not None and Stamp.of(folder / self.source.name) != self.stamp:
                raise LocalFault(f"{self.source} was saved at this very moment; send it again")
        except OSError as error:
            held.discard()
            raise LocalFault(f"{self.source} cannot be read: {error.strerror or error}") from error
        except BaseException:
            held.discard()
            raise
        return held

    def fill(self, submission: Submission) -> Submission:
        """A submission of this scene."""
        root = submission.root or (self.folder if self.untitled else None)
        return replace(submission, content=self.content, scene=self.values, version=self.version, root=root)

    def place(self, root: Path | None) -> Path:
        """The path that the file is packed under: one that was never saved lies in the project's root."""
        return root / self.source.name if root and self.untitled else self.source

    def discard(self) -> None:
        """Remove the copy."""
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)


def _take(source: Path, target: Path) -> None:
    """Another name for the same content, which saving does not touch; else a copy with the same time."""
    if sys.platform != "win32":
        with contextlib.suppress(OSError):  # the temporary folder lies on another disk
            os.link(source, target)
            return
    shutil.copy2(source, target)
