"""How much there is to send."""

from __future__ import annotations

from collections.abc import Iterator

from ...core.words import counted, size
from ..disk import Disk
from ..findings import Finding, Severity
from ..subject import FileUse, Later, Step, Subject
from .missing_files import frames_there, numbered, tiles

MUCH = 2_000_000_000


def check(subject: Subject) -> Iterator[Step]:
    """Told only if it is much."""
    if subject.job.shared:
        return
    uses, blend = list(subject.files), subject.here.blend
    yield Later(lambda disk: total(uses, blend, disk))


def total(uses: list[FileUse], blend: str, disk: Disk) -> Iterator[Finding]:
    """All files, each once; a sequence by the size of one of its pictures."""
    sizes = {blend: disk.size(blend)} if blend else {}
    count = len(sizes)
    for use in uses:
        if use.path in sizes:
            continue
        if use.source == "SEQUENCE":
            frames = frames_there(use.path, disk)
            sizes[use.path] = disk.size(numbered(use.path, min(frames))) * len(frames) if frames else 0
            count += len(frames)
        elif use.source == "TILED":
            found = list(tiles(use))
            sizes[use.path] = sum(disk.size(path) for path in found)
            count += len(found)
        else:
            sizes[use.path] = disk.size(use.path)
            count += 1
    everything = sum(sizes.values())
    if everything > MUCH:
        text = f"The job has about {size(everything)} in {counted(count, 'file')}; what the farm has already is not sent again"
        yield Finding("size", Severity.NOTE, text)
