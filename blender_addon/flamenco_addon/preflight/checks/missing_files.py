"""Every file that the .blend names is there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from flamenco_client.pack import project_root

from .. import paths
from ..disk import Disk
from ..findings import Finding, Severity
from ..places import part_of, set_path
from ..search import Search
from ..subject import FileUse, Later, Step, Subject

_NUMBER = re.compile(r"\d+(?=\D*$)")  # the last number of a name counts the frames


RELINK = "Relink"


def check(subject: Subject) -> Iterator[Step]:
    """All of them are looked for in a thread, and those that are not there below the project's root."""
    uses, grave = list(subject.files), missing_is(subject)
    blend, root = subject.here.blend, subject.job.root

    def top() -> str:
        return str(root or project_root(Path(blend))) if blend else ""

    yield Later(lambda disk: missing(uses, disk, grave, blend, Search(top, disk.check)))


def missing_is(subject: Subject) -> Severity:
    """How grave it is that a file is not there."""
    return Severity.WARNING if subject.job.allow_missing else Severity.ERROR


def missing(
    uses: Iterable[FileUse], disk: Disk, grave: Severity, blend: str = "", search: Search | None = None
) -> Iterator[Finding]:
    """What is not there, each file once; and where it is now, if that is clear."""
    told: set[tuple[str, str]] = set()
    for use in uses:
        for path in lacks(use, disk):
            if (use.kind, path) not in told:
                told.add((use.kind, path))
                severity = grave if use.needed else Severity.NOTE
                moved = moved_to(use, path, blend, search)
                text = sentence(use, path) + (f"; found: {moved}" if moved else "")
                yield Finding("missing_files", severity, text, use.place, RELINK if moved else "", moved)


def moved_to(use: FileUse, path: str, blend: str, search: Search | None) -> str:
    """Where a file is now, as Blender writes it; empty if that is not clear, or cannot be changed here."""
    if search is None or use.linked or use.source != "FILE" or use.attribute != "filepath":
        return ""
    found = search.only(paths.file_name(path))
    return paths.relative(found, paths.folder_of(blend)) if found and blend else ""


def sentence(use: FileUse, path: str) -> str:
    """What is missing, and what follows from it."""
    named = use.place.label
    if paths.is_foreign(use.written):
        return f"The {use.kind} {named} has a path of another platform: {use.written}"
    what = f"The {use.kind} {named} is missing: {path}"
    return what if use.needed else f"{what} (what it says is in the .blend)"


def lacks(use: FileUse, disk: Disk) -> list[str]:
    """Which files of a use are not there."""
    if paths.is_foreign(use.path):
        return [use.path]
    if use.source == "TILED":
        return [tile for tile in tiles(use) if not disk.exists(tile)]
    if use.source == "SEQUENCE":
        return [] if begins(use.path, disk) else [use.path]
    return [] if disk.exists(use.path) else [use.path]


def tiles(use: FileUse) -> Iterator[str]:
    """The files of a tiled image: 1001 + u + 10 v, or u1_v1."""
    for number in use.tiles:
        v, u = divmod(number - 1001, 10)
        yield use.path.replace("<UDIM>", str(number)).replace("<UVTILE>", f"u{u + 1}_v{v + 1}")


def begins(path: str, disk: Disk) -> bool:
    """Whether any file of a sequence is there."""
    return disk.exists(path) or bool(frames_there(path, disk))


def frames_there(path: str, disk: Disk) -> set[int]:
    """The frames of a sequence that are there, by the numbers in their names."""
    name = paths.file_name(path)
    number = _NUMBER.search(name)
    if number is None:
        return set()
    before, after = name[: number.start()], name[number.end() :]
    middles = (
        each[len(before) : len(each) - len(after)]
        for each in disk.names(paths.folder_of(path))
        if each.startswith(before) and each.endswith(after)
    )
    return {int(middle) for middle in middles if middle.isascii() and middle.isdigit()}


def numbered(path: str, frame: int) -> str:
    """The file of a sequence for a frame; the path itself if its name has no number."""
    name = paths.file_name(path)
    number = _NUMBER.search(name)
    if number is None:
        return path
    shown = f"{frame:0{len(number[0])}d}"
    return paths.joined(paths.folder_of(path), name[: number.start()] + shown + name[number.end() :])


def fix(finding: Finding, subject: Subject) -> None:
    """Name the file that was found."""
    assert finding.where is not None
    owner = part_of(subject.data, finding.where)
    set_path(owner, finding.value)
    if finding.where.collection == "libraries":
        owner.reload()
