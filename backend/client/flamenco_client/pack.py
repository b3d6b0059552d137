"""What a .blend needs: every file it uses, hashed where it lies, under relative paths that hold anywhere.

Files inside the project keep their path below its root, others are given one below `_outside_project`. Where a .blend names
one of them by an absolute path, or one that leads out of the project, a copy with that path changed is made in a
temporary folder. No other file is copied.
"""

from __future__ import annotations

import filecmp
import shutil
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from types import TracebackType

from blender_asset_tracer import bpathlib

from flamenco_client.blendfiles import sentences
from flamenco_client.errors import BadBlend, FilesMissing, LocalFault
from flamenco_client.hashing import Hashes
from flamenco_client.listing import OUTSIDE, Listing, tracing_alone
from flamenco_client.progress import Counter, Progress, cancelable
from flamenco_client.rewriting import rewrite

PROJECT_MARKS = (".blender_project", ".git", ".svn")
HASH_THREADS = 4
HASHED_AHEAD = 256  # files that are hashed before anybody asks for them


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

    def release(self) -> None:
        """Close it."""
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

    def work() -> Pack:
        packed = listed_pack(
            blend, root, content=content, allow_missing=allow_missing, in_place=in_place, progress=progress
        )
        try:
            if not in_place:
                packed.files = hashed(packed.files, hashes or Hashes(), progress)
        except BaseException:
            packed.close()
            raise
        return packed

    return cancelable(progress, work, abandoned=Pack.release)


def listed_pack(
    blend: Path, root: Path | None, *, content: Path | None, allow_missing: bool, in_place: bool, progress: Progress
) -> Pack:
    """A pack whose files are not hashed yet."""
    blend = Path(bpathlib.make_absolute(blend))
    root = Path(bpathlib.make_absolute(root)) if root else project_root(blend)
    if not blend.is_relative_to(root):
        raise BadBlend(f"{blend} does not lie in the project {root}")
    if content is not None:
        content = Path(bpathlib.make_absolute(content))
        if in_place:
            check_saved(blend, content)
            content = None
    listing = Listing(blend, root, content)
    folder = tempfile.mkdtemp(prefix="flamenco-pack-")

    def close() -> None:
        shutil.rmtree(folder, ignore_errors=True)

    try:
        with tracing_alone(progress), sentences(content or blend):
            listing.trace(progress)
            if listing.missing and not allow_missing:
                raise FilesMissing(blend.name, sorted(listing.missing))
            if not in_place:
                rewrite_changed(listing, Path(folder), progress)
        files = [PackedFile(path, Path(source), size) for path, (source, size) in sorted(listing.files.items())]
        if in_place:
            files = [file for file in files if not file.path.startswith(f"{OUTSIDE}/")]
    except BaseException:
        close()
        raise
    missing = sorted(listing.missing)
    return Pack(root, blend.relative_to(root).as_posix(), files, missing, close)


def rewrite_changed(listing: Listing, folder: Path, progress: Progress) -> None:
    """Put copies of the .blend files with changed paths in the place of the files themselves."""
    for number, (bfile, changes) in enumerate(listing.changes.items()):
        copy = folder / f"{number}-{bfile.filepath.name}"
        rewrite(bfile, changes, copy, progress)
        listing.files[listing.place(str(bfile.filepath))] = (str(copy), copy.stat().st_size)


def check_saved(blend: Path, content: Path) -> None:
    """Raise `LocalFault` unless both files are the same: what lies on shared storage is what the workers render."""
    if not blend.is_file() or not filecmp.cmp(blend, content, shallow=False):
        raise LocalFault(f"the workers share the storage and would render {blend} as it was saved; save it first")


def hashed(files: Iterable[PackedFile], hashes: Hashes, progress: Progress) -> list[PackedFile]:
    """The same files with their SHA-256."""
    listed = list(files)
    counter = Counter(progress, "hash", sum(file.size for file in listed), len(listed))
    found = list(hashing(listed, hashes, counter))
    hashes.save()
    return found


def hashing(files: Iterable[PackedFile], hashes: Hashes, counter: Counter) -> Iterator[PackedFile]:
    """The same files with their SHA-256, in their order, each as soon as it is known."""

    def of(file: PackedFile, sha256: str) -> PackedFile:
        counter.file(file.path)
        return PackedFile(file.path, file.source, file.size, sha256)

    waiting: deque[tuple[PackedFile, str | Future[str]]] = deque()

    def first() -> PackedFile:
        file, sha256 = waiting.popleft()
        return of(file, sha256 if isinstance(sha256, str) else sha256.result())

    with ThreadPoolExecutor(HASH_THREADS) as pool:
        try:
            for file in recalled(files, hashes):
                known = hashes.known(file.source, counter.add)
                waiting.append((file, known or pool.submit(hashes.of, file.source, counter.add)))
                if len(waiting) >= HASHED_AHEAD:
                    yield first()
            while waiting:
                yield first()
        finally:
            for _, each in waiting:
                if not isinstance(each, str):
                    each.cancel()


def recalled(files: Iterable[PackedFile], hashes: Hashes) -> Iterator[PackedFile]:
    """The same files, with what is known of their hashes looked up for many at once."""
    left = iter(files)
    while some := list(islice(left, HASHED_AHEAD)):
        hashes.recall(file.source for file in some)
        yield from some


def add_files(
    packed: Pack,
    extra: Iterable[Path],
    *,
    in_place: bool = False,
    hashes: Hashes | None = None,
    progress: Progress = Progress(),  # noqa: B008
) -> None:
    """Add files that a person sends along: by their path below the pack's root, else by their name."""
    more = list(listed_along(packed, extra, in_place=in_place))
    if more:
        packed.files += more if in_place else hashed(more, hashes or Hashes(), progress)


def listed_along(packed: Pack, extra: Iterable[Path], *, in_place: bool) -> Iterable[PackedFile]:
    """The files that a person sends along and that are not in the pack, not hashed yet."""
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
    return more.values()


def listed(path: str, source: Path) -> PackedFile:
    """A file of a job, not yet hashed. Raises `LocalFault`."""
    try:
        return PackedFile(path, source, source.stat().st_size)
    except OSError as error:
        raise LocalFault(f"{source} cannot be read: {error.strerror or error}") from error
