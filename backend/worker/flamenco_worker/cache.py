"""The worker's files: a cache by hash, and each job's tree made of links into it.

Cached files are read-only, since Blender may write to what it opens. Where the file system cannot link, files are copied.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import threading
import time
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from flamenco_common.documents import Assignment, TaskFile
from flamenco_common.paths import BadPath, join_inside

from flamenco_worker.errors import Cancelled, CommandFailed, MachineFault, Unreachable
from flamenco_worker.shared import check_mounted
from flamenco_worker.upstream import NoSuchThing, Upstream, batches, retried, sha256_of

_SMALL = 64 << 20  # larger files are fetched one by one, so that they can resume
_MOST_IN_A_ZIP = 2000
_TREE_KEPT = 7 * 86_400.0  # seconds that the tree of a job is kept after its last task here
_DISK_KEPT_FREE = 1 << 30
_MARK = 1_000_000_000 * 1_000_000_000
_COPIED = ".blend"  # a .blend may be saved by scripts or beside a bake, so its tree entry is a copy


class Cache:
    """Files by SHA-256 in `folder`/files, at most about `most_bytes` of them; the least recently used go first.

    A cached file has a modification time that only this cache gives, so one that was changed in place, through a link to it
    perhaps, is noticed. The time of the last access says when it was used.
    """

    def __init__(
        self, folder: Path, most_bytes: int, pause: Callable[[float], object], in_use: Callable[[], Collection[int]]
    ) -> None:
        """`in_use` names the jobs whose trees must stay."""
        self._files = folder / "files"
        self._jobs = folder / "jobs"
        self._most = most_bytes
        self._pause = pause
        self._in_use = in_use
        self._lock = threading.Lock()
        self._made: dict[str, Path] = {}  # hash -> output in a job's tree, which goes with its cached file
        self._grown = 0
        self._files.mkdir(parents=True, exist_ok=True)
        self._jobs.mkdir(parents=True, exist_ok=True)

    def tidy(self) -> None:
        """Before any work: remove what an earlier life left half done, and trees of jobs long gone."""
        shutil.rmtree(self._files / "incoming", ignore_errors=True)
        for folder in self._jobs.iterdir():
            remove_tree(folder / "scratch")
            if time.time() - folder.stat().st_mtime > _TREE_KEPT:
                remove_tree(folder)

    def path(self, sha256: str) -> Path:
        """Where a file of that hash is, or would be."""
        return self._files / sha256[:2] / sha256

    def prepare(
        self, assignment: Assignment, files: Sequence[TaskFile], upstream: Upstream, cancelled: threading.Event
    ) -> None:
        """Bring what the task lacks and lay out its trees.

        Raises `CommandFailed`, `MachineFault`, `Unreachable`, `Refused` and `Cancelled`.
        """
        roots = {"job": Path(assignment.job_root), "output": Path(assignment.output_root)}
        try:
            if assignment.storage == "shared":
                check_mounted(roots["job"], roots["output"], files)
                roots["output"].mkdir(parents=True, exist_ok=True)
                return
            roots["output"].mkdir(parents=True, exist_ok=True)
            roots["job"].mkdir(parents=True, exist_ok=True)
            os.utime(roots["output"].parent)
            with self._lock:
                self._fetch(assignment.task_id, files, upstream, cancelled)
                for file in files:
                    self._place(file, roots[file.root])
        except OSError as error:
            raise MachineFault(f"the job's files cannot be laid out: {error.strerror or error}") from error
        except BadPath as error:
            raise CommandFailed(str(error)) from error

    def add(self, path: Path, sha256: str) -> Path:
        """Take a file that this worker made into the cache, by a link; returns where it is to be read."""
        target = self.path(sha256)
        try:
            target.parent.mkdir(exist_ok=True)
            if not target.exists():
                (shutil.copyfile if _is_copied(path) else _link_or_copy)(path, target)
            _mark(target)
        except OSError:
            return path
        self._made[sha256] = path
        self._grown += target.stat().st_size
        if self._grown > self._most // 20 and self._lock.acquire(blocking=False):
            try:
                self._make_room(0, keep={sha256})
            finally:
                self._lock.release()
        return target

    def _fetch(self, task_id: int, files: Sequence[TaskFile], upstream: Upstream, cancelled: threading.Event) -> None:
        lacking = {file.sha256: file for file in files if not self._has(file)}
        if not lacking:
            return
        self._make_room(sum(file.size for file in lacking.values()), keep={file.sha256 for file in files})
        incoming = self._files / "incoming"
        incoming.mkdir(exist_ok=True)
        small = [file.sha256 for file in lacking.values() if file.size <= _SMALL]
        for batch in batches(small, _MOST_IN_A_ZIP):
            _check_cancelled(cancelled)
            retried(lambda batch=batch: self._fetch_small(task_id, batch, incoming, upstream), 5, self._pause)  # type: ignore[misc]
        for file in lacking.values():
            _check_cancelled(cancelled)
            if file.size > _SMALL:
                retried(lambda file=file: self._fetch_large(file, incoming, upstream), 5, self._pause)  # type: ignore[misc]

    def _has(self, file: TaskFile) -> bool:
        path = self.path(file.sha256)
        try:
            state = path.stat()
        except FileNotFoundError:
            return False
        whole = state.st_size == file.size and (state.st_mtime_ns == _MARK or sha256_of(path) == file.sha256)
        if whole:
            _mark(path)
        else:
            _remove(path)
        return whole

    def _fetch_small(self, task_id: int, hashes: list[str], incoming: Path, upstream: Upstream) -> None:
        wanted = [each for each in hashes if not self.path(each).exists()]
        if not wanted:
            return
        try:
            for sha256, part in upstream.get_many(task_id, wanted, incoming):
                self._take(sha256, part)
        except NoSuchThing as error:
            raise CommandFailed(f"the task's files cannot be had: {error}") from error
        gone = [each for each in wanted if not self.path(each).exists()]
        if gone:
            raise Unreachable(f"the manager sent {len(wanted) - len(gone)} of {len(wanted)} files")

    def _fetch_large(self, file: TaskFile, incoming: Path, upstream: Upstream) -> None:
        part = incoming / f"{file.sha256}.part"
        try:
            upstream.get_large(file.sha256, file.size, part)
        except NoSuchThing as error:
            raise CommandFailed(f"the task's files cannot be had: {error}") from error
        self._take(file.sha256, part)

    def _take(self, sha256: str, part: Path) -> None:
        """Verify what arrived and give it its place."""
        if sha256_of(part) != sha256:
            part.unlink(missing_ok=True)
            raise Unreachable(f"the file {sha256[:12]}… arrived damaged")
        target = self.path(sha256)
        target.parent.mkdir(exist_ok=True)
        _mark(part)
        part.chmod(stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH)
        part.replace(target)

    def _place(self, file: TaskFile, root: Path) -> None:
        target = join_inside(root, file.path)
        source = self.path(file.sha256)
        if target.exists() and (target.samefile(source) or _placed_copy(target, source)):
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        joined = join_inside(root, file.path)  # once more: the folders are there now
        temporary = joined.with_name(f".{joined.name[:100]}.placing")
        temporary.unlink(missing_ok=True)
        if _is_copied(target):
            shutil.copyfile(source, temporary)
        else:
            _link_or_copy(source, temporary)
        temporary.replace(joined)

    def _make_room(self, wanted: int, keep: set[str]) -> None:
        """Until `wanted` bytes fit, remove trees that no run uses, then the least recently used files."""
        entries = [(path.stat(), path) for path in self._files.glob("??/*")]
        used = sum(state.st_size for state, _ in entries)
        self._grown = 0
        most = min(self._most, used + max(0, shutil.disk_usage(self._files).free - _DISK_KEPT_FREE))
        if used + wanted <= most:
            return
        self._drop_unused_trees()
        for state, path in sorted(entries, key=lambda entry: entry[0].st_atime_ns):
            if used + wanted <= most * 9 // 10:
                return
            if path.name not in keep:
                self._evict(path)
                used -= state.st_size

    def _evict(self, path: Path) -> None:
        output = self._made.pop(path.name, None)
        if output is not None and output.exists() and output.samefile(path):
            _remove(output)
        _remove(path)

    def _drop_unused_trees(self) -> None:
        names = {str(job) for job in self._in_use()}
        for folder in self._jobs.iterdir():
            if folder.name not in names:
                remove_tree(folder)


def _check_cancelled(cancelled: threading.Event) -> None:
    if cancelled.is_set():
        raise Cancelled("the run was stopped")


def _mark(path: Path) -> None:
    """It is used now, and as we know it."""
    os.utime(path, ns=(time.time_ns(), _MARK))


def _remove(path: Path) -> None:
    """Remove a file that may be read-only, which Windows minds."""
    try:
        path.unlink(missing_ok=True)
    except PermissionError:
        path.chmod(stat.S_IWRITE)
        path.unlink(missing_ok=True)


def remove_tree(folder: Path) -> None:
    """Remove a folder with all in it, as far as it goes."""
    if os.name == "nt":
        for path in folder.rglob("*"):
            with contextlib.suppress(OSError):
                path.chmod(stat.S_IWRITE)
    shutil.rmtree(folder, ignore_errors=True)


def _is_copied(path: Path) -> bool:
    return path.suffix.lower() == _COPIED


def _placed_copy(target: Path, source: Path) -> bool:
    """Whether `target` is a copy of `source` that nobody changed since it was made."""
    if not source.exists():
        return False
    here, there = target.stat(), source.stat()
    return _is_copied(target) and here.st_size == there.st_size and sha256_of(target) == source.name


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
