"""What a .blend needs: every file it uses, hashed where it lies, under relative paths that hold anywhere.

Files inside the project keep their path below its root. A file outside of it, or named by an absolute path, is given
a path below `_outside_project`, and the .blend files that name it are rewritten, as copies in a temporary folder, by
Blender Asset Tracer's packer. No other file is copied.
"""

from __future__ import annotations

import filecmp
import shutil
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from types import TracebackType
from typing import Any

from blender_asset_tracer import blendfile, bpathlib
from blender_asset_tracer.pack import Packer

from flamenco_client.blendfiles import sentences, stand_in
from flamenco_client.errors import BadBlend, Canceled, FilesMissing, LocalFault
from flamenco_client.hashing import Hashes
from flamenco_client.progress import Counter, Progress

PROJECT_MARKS = (".blender_project", ".git", ".svn")
HASH_THREADS = 4
# Caches come into being when a simulation is baked; that they are not there yet is no fault.
CACHE_STRUCTS = (b"FluidDomainSettings", b"NodesModifierData", b"NodesModifierBake", b"PointCache")


@dataclass(frozen=True)
class PackedFile:
    """A file of a job: its path in the job's tree, and where it lies on this machine."""

    path: str
    source: Path
    size: int
    sha256: str = ""


@dataclass
class Pack:
    """All files of a job. To be closed: rewritten .blend files lie in a temporary folder until then."""

    root: Path
    blend: str  # path of the .blend in the job's tree
    files: list[PackedFile]
    missing: list[str] = field(default_factory=list)
    close: Callable[[], None] = lambda: None

    def __enter__(self) -> Pack:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)


def project_root(blend: Path) -> Path:
    """The nearest folder above that is marked as a project's root; else the .blend's own folder."""
    folder = bpathlib.make_absolute(blend).parent
    for candidate in (folder, *folder.parents):
        if any((candidate / mark).exists() for mark in PROJECT_MARKS):
            return Path(candidate)
    return Path(folder)


def pack(
    blend: Path,
    root: Path | None = None,
    *,
    content: Path | None = None,
    allow_missing: bool = False,
    in_place: bool = False,
    hashes: Hashes | None = None,
    progress: Progress = Progress(),  # noqa: B008
) -> Pack:
    """List and hash all that a .blend needs. `in_place`: for shared storage, so nothing is rewritten or hashed.

    `content` is the file to take in place of `blend`, as if it lay there: a copy of what is open in Blender, maybe.
    Raises `BadBlend`, `FilesMissing` (unless missing files are allowed), `LocalFault` and `Canceled`.
    """
    blend = Path(bpathlib.make_absolute(blend))
    root = Path(bpathlib.make_absolute(root)) if root else project_root(blend)
    if not blend.is_relative_to(root):
        raise BadBlend(f"{blend} does not lie in the project {root}")
    if content is not None:
        content = Path(bpathlib.make_absolute(content))
        if in_place:
            check_saved(blend, content)
    tracer = _Tracer(blend, root, progress, content)
    try:
        with sentences(content or blend):
            tracer.trace(rewrite=not in_place)
        missing = sorted(str(path) for path in tracer.missing_files)
        if missing and not allow_missing:
            raise FilesMissing(blend.name, missing)
        files = [listed(path, source) for path, source in sorted(tracer.found.items())]
        if not in_place:
            files = hashed(files, hashes or Hashes(), progress)
    except BaseException:
        tracer.close()
        raise
    return Pack(root, blend.relative_to(root).as_posix(), files, missing, tracer.close)


def check_saved(blend: Path, content: Path) -> None:
    """Raise `LocalFault` unless both files are the same: what lies on shared storage is what the workers render."""
    if not blend.is_file() or not filecmp.cmp(blend, content, shallow=False):
        raise LocalFault(f"the workers share the storage and would render {blend} as it was saved; save it first")


def hashed(files: Iterable[PackedFile], hashes: Hashes, progress: Progress) -> list[PackedFile]:
    """The same files with their SHA-256."""
    listed = list(files)
    counter = Counter(progress, "hash", sum(file.size for file in listed))
    with ThreadPoolExecutor(HASH_THREADS) as pool:
        try:
            found = list(pool.map(lambda file: hashes.of(file.source, counter.add), listed))
        except Canceled:
            pool.shutdown(cancel_futures=True)
            raise
    hashes.save()
    return [PackedFile(file.path, file.source, file.size, sha256) for file, sha256 in zip(listed, found, strict=True)]


def add_files(
    packed: Pack,
    extra: Iterable[Path],
    *,
    in_place: bool = False,
    hashes: Hashes | None = None,
    progress: Progress = Progress(),  # noqa: B008
) -> None:
    """Add files that a person sends along: by their path below the pack's root, else by their name."""
    known = {file.path: file for file in packed.files}
    more: dict[str, PackedFile] = {}
    for given in extra:
        source = Path(given).absolute()
        if not source.is_file():
            raise LocalFault(f"there is no file {given}")
        if in_place and not source.is_relative_to(packed.root):
            raise LocalFault(f"{given} does not lie in {packed.root}, which the workers share")
        path = source.relative_to(packed.root).as_posix() if source.is_relative_to(packed.root) else source.name
        there = known.get(path) or more.get(path)
        if there is not None and there.source != source:
            raise LocalFault(f"the job has two files that would be {path}: {there.source} and {source}")
        if path not in known:
            more[path] = listed(path, source)
    if more:
        packed.files += more.values() if in_place else hashed(more.values(), hashes or Hashes(), progress)


def listed(path: str, source: Path) -> PackedFile:
    """A file of a job, not yet hashed. Raises `LocalFault`."""
    try:
        return PackedFile(path, source, source.stat().st_size)
    except OSError as error:
        raise LocalFault(f"{source} cannot be read: {error.strerror or error}") from error


class _Tracer(Packer):
    """The tracer's packer, which names the files instead of copying them."""

    def __init__(self, blend: Path, root: Path, progress: Progress, content: Path | None) -> None:
        super().__init__(blend, root, str(root / ".packed"))
        self._content = content
        self.found: dict[str, Path] = {}
        self._progress = progress
        self._in_place = False

    def trace(self, *, rewrite: bool) -> None:
        """Find all files; with `rewrite`, make copies of .blend files whose paths must change."""
        self._in_place = not rewrite
        # The tracer keeps files open in a cache of its own, which must not hold an older version of a file.
        blendfile.close_all_cached()
        try:
            if self._content:
                stand_in(self.blendfile, self._content)
            self.strategise()
            if rewrite:
                self._rewrite_paths()
            for path, action in self._actions.items():
                self._copy_asset_and_deps(path, action)
        finally:
            blendfile.close_all_cached()

    def close(self) -> None:
        """Remove the rewritten copies."""
        super().close()
        shutil.rmtree(self._rewrite_in, ignore_errors=True)

    def _check_aborted(self) -> None:
        self._progress.check()

    def _visit_asset(self, asset_path: Path, usage: Any) -> None:
        # An image without a path stands for the folder of the .blend.
        if not bytes(usage.asset_path) or (asset_path.is_dir() and not usage.is_sequence):
            return
        super()._visit_asset(asset_path, usage)

    def _visit_sequence(self, asset_path: Path, usage: Any) -> None:
        if not bytes(usage.asset_path):
            return
        if _is_cache(asset_path, usage) and not any(True for _ in usage.files()):
            return
        super()._visit_sequence(asset_path, usage)

    def _send_to_target(self, asset_path: Path, target: PurePath, may_move: bool = False) -> None:  # noqa: ARG002
        if asset_path == self.blendfile and self._content:
            asset_path = self._content
        if asset_path.is_dir():
            return
        if self._in_place:
            named = self.blendfile if asset_path == self._content else asset_path
            if named.is_relative_to(self.project):
                self.found[named.relative_to(self.project).as_posix()] = named
            return
        self.found[target.relative_to(self._target_path).as_posix()] = asset_path


def _is_cache(asset_path: Path, usage: Any) -> bool:
    return asset_path.parent.name.startswith("blendcache_") or usage.block.dna_type_id in CACHE_STRUCTS
