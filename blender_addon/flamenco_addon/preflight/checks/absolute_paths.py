"""Paths that hold on this machine only: the job's copy of the .blend gets others, the artist's keeps them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from flamenco_client.pack import project_root

from .. import paths
from ..disk import Disk
from ..findings import Finding, Place, Severity
from ..places import part_of, set_path
from ..subject import FileUse, Later, Step, Subject

RELATIVE = "Make relative"


def check(subject: Subject) -> Iterator[Step]:
    """Files that are named absolutely, and those outside of the project."""
    here, root = subject.here.blend, subject.job.root
    if not here:
        if subject.files:
            text = "The file was never saved: all that it uses is carried along by absolute paths"
            yield Finding("absolute_paths", Severity.NOTE, text)
        return
    uses = list(subject.files)
    grave = Severity.WARNING if subject.job.shared else Severity.NOTE
    yield Later(told(uses, here, root, grave))


def told(uses: list[FileUse], blend: str, root: Path | None, grave: Severity) -> Callable[[Disk], Iterator[Finding]]:
    """A finding a data-block."""

    def answer(_: Disk) -> Iterator[Finding]:
        top, seen = str(root or project_root(Path(blend))), set[Place]()
        for use in uses:
            if use.place in seen or paths.is_foreign(use.written):
                continue
            seen.add(use.place)
            if not paths.inside(use.path, top):
                yield _outside(use, blend, top, grave)
            elif not paths.is_relative(use.written):
                text = f"The {use.kind} {use.place.label} has an absolute path: {use.written}"
                yield Finding("absolute_paths", Severity.NOTE, text, use.place, _fix(use, blend), _value(use, blend))

    return answer


def _outside(use: FileUse, blend: str, top: str, grave: Severity) -> Finding:
    text = f"The {use.kind} {use.place.label} lies outside of the project {top}, and is carried along: {use.path}"
    if grave is Severity.WARNING:
        text = (
            f"The {use.kind} {use.place.label} lies outside of the project {top}, which the workers share: {use.path}"
        )
    can = not paths.is_relative(use.written)
    return Finding(
        "absolute_paths", grave, text, use.place, _fix(use, blend) if can else "", _value(use, blend) if can else ""
    )


def _fix(use: FileUse, blend: str) -> str:
    return RELATIVE if not use.linked and _value(use, blend) else ""


def _value(use: FileUse, blend: str) -> str:
    target = paths.folder_of(use.path) if use.attribute == "directory" else use.path
    return paths.relative(target, paths.folder_of(blend))


def fix(finding: Finding, subject: Subject) -> None:
    """Write the path relative to the .blend."""
    assert finding.where is not None
    set_path(part_of(subject.data, finding.where), finding.value)
