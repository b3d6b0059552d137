"""Shared storage: whether this machine sees the folders of a job, or only the places where they would be mounted."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from flamenco_common.documents import TaskFile

from flamenco_worker.errors import MachineFault

_ASK = "is the shared storage mounted?"


def check_mounted(job: Path, output: Path, files: Iterable[TaskFile]) -> None:
    """Raise `MachineFault` if the job's files are not on this machine, or its outputs would not leave it."""
    if not job.is_dir():
        raise MachineFault(f"the job's folder {job} is not on this machine: {_ASK}")
    own = [file.path for file in files if file.root == "job" and not file.step]
    if own and not any((job / path).exists() for path in own):
        raise MachineFault(f"none of the job's files is in {job} on this machine: {_ASK}")
    made_in = next(folder for folder in (output, *output.parents) if folder.exists())
    if made_in != output and device(made_in) == device(Path(output.anchor)) != device(job):
        raise MachineFault(f"the folder {output} would be made on this machine's own disk: {_ASK}")


def device(path: Path) -> int:
    """Which file system a path is on."""
    return path.stat().st_dev
