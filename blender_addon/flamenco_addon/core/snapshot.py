# SPDX-License-Identifier: GPL-3.0-or-later
"""A scene as it was at one moment: which file it is, and what it says."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from flamenco_client.submit import Submission


@dataclass(frozen=True)
class Snapshot:
    """The open .blend. To be discarded once it is packed."""

    source: Path  # where it lies, or would lie
    values: Mapping[str, Any]  # of its scene, by the names that job types know
    version: str  # of the Blender that has it open, like "4.5"
    content: Path | None = None  # the copy that holds its exact state; None: the file itself does
    folder: Path | None = None  # the temporary folder of the copy

    @property
    def untitled(self) -> bool:
        """Whether it was never saved."""
        return self.content == self.source

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
