"""Which files a .blend needs, where each goes in the job's tree, and which paths must be written anew for that.

Files inside the project keep their path below its root; others go below `_outside_project`, as they lie on this machine.
"""

from __future__ import annotations

import os
import posixpath
import stat
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from blender_asset_tracer import blendfile, trace
from blender_asset_tracer.trace.result import BlockUsage

from flamenco_client.blendfiles import stand_in
from flamenco_client.progress import Progress
from flamenco_client.tracing import SHARE, mend, pattern_of
from flamenco_client.usages import CacheUsage, NamesUsage, PackedLibraryUsage, RecordUsage

OUTSIDE = "_outside_project"
# Caches come into being when a simulation is baked, and texts are kept in the .blend, too: no fault if they are not there.
OPTIONAL = (b"FluidDomainSettings", b"NodesModifierData", b"NodesModifierBake", b"PointCache", b"Text")
_TURN = threading.Lock()  # the tracer keeps the files that it opened in one cache for all threads

mend()


@dataclass(frozen=True)
class Change:
    """A path in a .blend that leads elsewhere in the job's tree."""

    usage: Any
    path: bytes


@dataclass
class Listing:
    """The files of one .blend, as the tracer finds them. Paths are text inside, as there may be very many."""

    blend: Path
    root: Path
    content: Path | None = None
    files: dict[str, tuple[str, int]] = field(default_factory=dict)  # path in the job's tree → file, size
    missing: set[str] = field(default_factory=set)
    changes: dict[Any, list[Change]] = field(default_factory=dict)  # by the tracer's open file
    _folders: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._main = str(self.blend)
        self._inside = os.path.join(os.path.normcase(self.root), "")  # noqa: PTH118 - with its last slash

    def trace(self, progress: Progress) -> None:
        """Find all files. Raises what the tracer raises, and `Canceled`. To be called inside `tracing_alone`."""
        if self.content is not None:
            stand_in(self.blend, self.content)
        self._add(self._main, (self.content or self.blend).stat().st_size)
        for number, usage in enumerate(trace.deps(self.blend), 1):
            progress.check()
            progress.files("trace", number, 0, str(usage.asset_path))
            self.take(usage)

    def take(self, usage: Any) -> None:
        """Note the files of a usage, and how its path must change."""
        if not usage.asset_path:
            return
        path = path_of(usage, self._main)
        found = 0
        for file in self._expanded(usage, path):
            size = _size(file)
            if size is not None:
                self._add(file, size)
                found += 1
        if not found and not isinstance(usage, PackedLibraryUsage):
            if not _may_be_missing(usage) and not os.path.isdir(path):  # noqa: PTH112
                self.missing.add(path)
            return
        change = self._change(usage, path)
        if change is not None:
            self.changes.setdefault(usage.block.bfile, []).append(change)

    def place(self, path: str) -> str:
        """Where a file goes in the job's tree."""
        if os.path.normcase(path).startswith(self._inside):
            return path[len(self._inside) :].replace(os.sep, "/")
        if os.path.normcase(path) == self._inside.rstrip(os.sep):
            return ""
        # A drive or a server becomes a folder.
        parts = (part.strip(":/\\").replace("\\", "/") for part in Path(path).parts)
        return posixpath.join(OUTSIDE, *(part for part in parts if part))

    def _add(self, file: str, size: int) -> None:
        source = str(self.content) if self.content is not None and file == self._main else file
        self.files[self.place(file)] = (source, size)

    def _change(self, usage: Any, path: str) -> Change | None:
        """None if the path leads to the right place as it is."""
        if isinstance(usage, CacheUsage):
            return None
        folder = posixpath.dirname(self.place(base_of(usage)))
        named = isinstance(usage, NamesUsage)
        target = self.place(os.path.dirname(path) if named else path)  # noqa: PTH120
        raw = bytes(usage.folder if named else usage.asset_path)
        if raw.startswith(b"//"):
            leads_to = posixpath.normpath(posixpath.join(folder, os.fsdecode(raw[2:])))
            if leads_to == (target or "."):
                return None
        relative = posixpath.relpath(target or ".", folder or ".")
        return Change(usage, b"//" + (b"" if relative == "." else os.fsencode(relative)))

    # ---- files on disk ----

    def _expanded(self, usage: Any, path: str) -> Iterator[str]:
        """The files that a usage stands for; they need not be there."""
        if isinstance(usage, PackedLibraryUsage):
            return
        if not usage.is_sequence:
            yield path
            return
        folder, name = os.path.split(path)
        if isinstance(usage, NamesUsage):
            yield from (os.path.join(folder, os.fsdecode(each)) for each in usage.names)  # noqa: PTH118
        elif isinstance(usage, CacheUsage):
            yield from self._matching(
                folder, lambda each: each.startswith(usage.name + "_") and each.endswith(usage.ending)
            )
        elif os.path.isdir(path):  # noqa: PTH112
            yield from (os.path.join(below, each) for below, _, names in os.walk(path) for each in names)  # noqa: PTH118
        elif (pattern := pattern_of(name)) is None:
            yield path
        else:
            yield from self._matching(folder, pattern.fullmatch)

    def _matching(self, folder: str, fits: Callable[[str], object]) -> Iterator[str]:
        if folder not in self._folders:
            try:
                self._folders[folder] = sorted(os.listdir(folder))  # noqa: PTH208
            except OSError:
                self._folders[folder] = []
        return (os.path.join(folder, name) for name in self._folders[folder] if fits(name))  # noqa: PTH118


def _may_be_missing(usage: Any) -> bool:
    return isinstance(usage, RecordUsage) or usage.block.dna_type_id in OPTIONAL


def path_of(usage: BlockUsage, main: str) -> str:
    """The absolute path that a usage means on this machine."""
    if isinstance(usage, CacheUsage):
        base = Path(main) if usage.beside_main else usage.block.bfile.filepath
        return str(base.parent / f"blendcache_{base.stem}" / f"{usage.name}_{usage.ending}")
    raw = bytes(usage.asset_path)
    text = os.fsdecode(raw)
    if raw.startswith(SHARE):
        return text
    if not usage.asset_path.is_absolute():
        # An absolute second part wins.
        text = os.path.join(os.path.dirname(base_of(usage)), text.removeprefix("//"))  # noqa: PTH118, PTH120
    if text[1:2] == ":" and os.name != "nt":  # of another platform
        return text
    return os.path.abspath(text)  # noqa: PTH100 - as the tracer: links stay, as they do for Blender


def base_of(usage: Any) -> str:
    """The .blend that a usage's path is relative to."""
    own = str(usage.block.bfile.filepath)
    if usage.library is None:
        return own
    path = os.fsdecode(bytes(usage.library[b"name"]))
    return os.path.abspath(os.path.join(os.path.dirname(own), path.removeprefix("//")))  # noqa: PTH100, PTH118, PTH120


def _size(file: str) -> int | None:
    """None if there is no such file."""
    try:
        found = os.stat(file)  # noqa: PTH116
    except (OSError, ValueError):
        return None
    return found.st_size if stat.S_ISREG(found.st_mode) else None


class tracing_alone:  # noqa: N801 - reads as a function
    """While it is held no other thread traces; the tracer's cache is empty before and after."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def __enter__(self) -> None:
        while not _TURN.acquire(timeout=0.05):
            self._progress.check()
        blendfile.close_all_cached()

    def __exit__(self, *_: object) -> None:
        blendfile.close_all_cached()
        _TURN.release()
