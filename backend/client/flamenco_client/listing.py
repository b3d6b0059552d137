"""Which files a .blend needs, where each goes in the job's tree, and which paths must be written anew for that.

Files inside the project keep their path below its root; others go below `_outside_project`, as they lie on this machine.
"""

from __future__ import annotations

import os
import posixpath
import stat
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from blender_asset_tracer import blendfile, bpathlib, trace
from blender_asset_tracer.trace.result import BlockUsage

from flamenco_client.blendfiles import stand_in
from flamenco_client.progress import Progress
from flamenco_client.tracing import SHARE, CacheUsage, NamesUsage, PackedLibraryUsage, RecordUsage, mend, pattern_of

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
    """The files of one .blend, as the tracer finds them."""

    blend: Path
    root: Path
    content: Path | None = None
    files: dict[str, tuple[Path, int]] = field(default_factory=dict)  # path in the job's tree → file, size
    missing: set[Path] = field(default_factory=set)
    changes: dict[Any, list[Change]] = field(default_factory=dict)  # by the tracer's open file
    _folders: dict[Path, list[str]] = field(default_factory=dict)

    def trace(self, progress: Progress) -> None:
        """Find all files. Raises what the tracer raises, and `Canceled`. To be called inside `tracing_alone`."""
        if self.content is not None:
            stand_in(self.blend, self.content)
        self._add(self.blend, (self.content or self.blend).stat().st_size)
        for number, usage in enumerate(trace.deps(self.blend)):
            progress.check()
            progress.report("trace", number, 0)
            self.take(usage)

    def take(self, usage: Any) -> None:
        """Note the files of a usage, and how its path must change."""
        if not bytes(usage.asset_path):
            return
        path = path_of(usage, self.blend)
        found = 0
        for file in self._expanded(usage, path):
            size = _size(file)
            if size is not None:
                self._add(file, size)
                found += 1
        if not found and not isinstance(usage, PackedLibraryUsage):
            if not _may_be_missing(usage) and not path.is_dir():
                self.missing.add(path)
            return
        change = self._change(usage, path)
        if change is not None:
            self.changes.setdefault(usage.block.bfile, []).append(change)

    def place(self, path: Path) -> str:
        """Where a file goes in the job's tree."""
        if path.is_relative_to(self.root):
            return path.relative_to(self.root).as_posix()
        # A drive or a server becomes a folder.
        parts = (part.strip(":/\\").replace("\\", "/") for part in path.parts)
        return posixpath.join(OUTSIDE, *(part for part in parts if part))

    def _add(self, file: Path, size: int) -> None:
        source = self.content if self.content is not None and file == self.blend else file
        self.files[self.place(file)] = (source, size)

    def _change(self, usage: Any, path: Path) -> Change | None:
        """None if the path leads to the right place as it is."""
        if isinstance(usage, CacheUsage):
            return None
        folder = posixpath.dirname(self.place(base_of(usage)))
        named = isinstance(usage, NamesUsage)
        target = self.place(path.parent if named else path)
        raw = bytes(usage.folder if named else usage.asset_path)
        if raw.startswith(b"//"):
            leads_to = posixpath.normpath(posixpath.join(folder, os.fsdecode(raw[2:])))
            if leads_to == posixpath.normpath(target):
                return None
        relative = posixpath.relpath(target or ".", folder or ".")
        return Change(usage, b"//" + (b"" if relative == "." else os.fsencode(relative)))

    # ---- files on disk ----

    def _expanded(self, usage: Any, path: Path) -> Iterator[Path]:
        """The files that a usage stands for; they need not be there."""
        if isinstance(usage, PackedLibraryUsage):
            return
        if isinstance(usage, NamesUsage):
            yield from (path.with_name(os.fsdecode(name)) for name in usage.names)
        elif isinstance(usage, CacheUsage):
            starts, ends = usage.name + "_", usage.ending
            yield from (
                path.parent / name
                for name in self._names(path.parent)
                if name.startswith(starts) and name.endswith(ends)
            )
        elif not usage.is_sequence:
            yield path
        elif path.is_dir():
            yield from (Path(folder, name) for folder, _, names in os.walk(path) for name in names)
        else:
            pattern = pattern_of(path.name)
            names = self._names(path.parent) if pattern else [path.name]
            yield from (path.parent / name for name in names if not pattern or pattern.fullmatch(name))

    def _names(self, folder: Path) -> list[str]:
        if folder not in self._folders:
            try:
                self._folders[folder] = sorted(os.listdir(folder))  # noqa: PTH208 - strings are what is matched
            except OSError:
                self._folders[folder] = []
        return self._folders[folder]


def _may_be_missing(usage: Any) -> bool:
    return isinstance(usage, RecordUsage) or usage.block.dna_type_id in OPTIONAL


def path_of(usage: BlockUsage, main: Path) -> Path:
    """The absolute path that a usage means on this machine."""
    if isinstance(usage, CacheUsage):
        base = main if usage.beside_main else usage.block.bfile.filepath
        return Path(base.parent / f"blendcache_{base.stem}" / f"{usage.name}_{usage.ending}")
    text = os.fsdecode(bytes(usage.asset_path))
    if usage.asset_path.startswith(SHARE):
        return Path(text)
    if not usage.asset_path.is_absolute():
        # An absolute second part wins.
        text = os.path.join(base_of(usage).parent, text.removeprefix("//"))  # noqa: PTH118
    return Path(bpathlib.make_absolute(Path(text)))


def base_of(usage: Any) -> Path:
    """The .blend that a usage's path is relative to."""
    own = Path(usage.block.bfile.filepath)
    if usage.library is None:
        return own
    path = os.fsdecode(bytes(usage.library[b"name"]))
    return Path(bpathlib.make_absolute(own.parent / path.removeprefix("//")))


def _size(file: Path) -> int | None:
    """None if there is no such file."""
    try:
        found = os.stat(file)  # noqa: PTH116 - one call
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
