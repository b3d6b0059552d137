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
from collections.abc import Callable, Sequence
from pathlib import Path

from flamenco_common.documents import Assignment, TaskFile
from flamenco_common.paths import BadPath, join_inside

from flamenco_worker.errors import CommandFailed, MachineFault, Unreachable
from flamenco_worker.upstream import NoSuchThing, Upstream, batches, retried, sha256_of

_SMALL = 64 << 20  # larger files are fetched one by one, so that they can resume
_MOST_IN_A_ZIP = 2000
_MOST_COPIED = ".blend"  # a .blend may be saved by scripts or beside a bake, so its tree entry is a copy


class Cache:
    """Files by SHA-256 in `folder`/files, at most about `most_bytes` of them; the least recently used go first."""

    def __init__(self, folder: Path, most_bytes: int, pause: Callable[[float], None]) -> None:
        self._files = folder / "files"
        self._jobs = folder / "jobs"
        self._most = most_bytes
        self._pause = pause
        self._lock = threading.Lock()
        self._files.mkdir(parents=True, exist_ok=True)
        self._jobs.mkdir(parents=True, exist_ok=True)

    def path(self, sha256: str) -> Path:
        """Where a file of that hash is, or would be."""
        return self._files / sha256[:2] / sha256

    def prepare(self, assignment: Assignment, files: Sequence[TaskFile], upstream: Upstream) -> None:
        """Bring what the task lacks and lay out its trees. Raises `CommandFailed`, `MachineFault`, `Unreachable`."""
        roots = {"job": Path(assignment.job_root), "output": Path(assignment.output_root)}
        try:
            roots["output"].mkdir(parents=True, exist_ok=True)
            if assignment.storage == "shared":
                return
            roots["job"].mkdir(parents=True, exist_ok=True)
            with self._lock:
                self._fetch(assignment.task_id, files, upstream)
                for file in files:
                    self._place(file, roots[file.root])
        except OSError as error:
            raise MachineFault(f"the job's files cannot be laid out: {error.strerror or error}") from error
        except BadPath as error:
            raise CommandFailed(str(error)) from error

    def add(self, path: Path, sha256: str) -> None:
        """Take a file that this worker made into the cache, by a link."""
        target = self.path(sha256)
        with contextlib.suppress(OSError):
            target.parent.mkdir(exist_ok=True)
            if not target.exists():
                _link_or_copy(path, target)

    def _fetch(self, task_id: int, files: Sequence[TaskFile], upstream: Upstream) -> None:
        lacking = {file.sha256: file for file in files if not self._has(file)}
        if not lacking:
            return
        self._make_room(sum(file.size for file in lacking.values()), keep={file.sha256 for file in files})
        incoming = self._files / "incoming"
        incoming.mkdir(exist_ok=True)
        small = [file.sha256 for file in lacking.values() if file.size <= _SMALL]
        for batch in batches(small, _MOST_IN_A_ZIP):
            retried(lambda batch=batch: self._fetch_small(task_id, batch, incoming, upstream), 5, self._pause)  # type: ignore[misc]
        for file in lacking.values():
            if file.size > _SMALL:
                retried(lambda file=file: self._fetch_large(file, incoming, upstream), 5, self._pause)  # type: ignore[misc]

    def _has(self, file: TaskFile) -> bool:
        path = self.path(file.sha256)
        if path.is_file() and path.stat().st_size == file.size:
            os.utime(path)
            return True
        return False

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
        part.chmod(stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH)
        target = self.path(sha256)
        target.parent.mkdir(exist_ok=True)
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
        if file.path.lower().endswith(_MOST_COPIED):
            shutil.copyfile(source, temporary)
        else:
            _link_or_copy(source, temporary)
        temporary.replace(joined)

    def _make_room(self, wanted: int, keep: set[str]) -> None:
        """Remove the least recently used files, and trees of jobs not touched for a day, until `wanted` bytes fit."""
        entries = [(path.stat(), path) for path in self._files.glob("??/*")]
        used = sum(status.st_size for status, _ in entries)
        if used + wanted <= self._most:
            return
        self._drop_old_trees()
        for status, path in sorted(entries, key=lambda entry: entry[0].st_mtime):
            if used + wanted <= self._most:
                return
            if path.name not in keep:
                path.unlink(missing_ok=True)
                used -= status.st_size

    def _drop_old_trees(self) -> None:
        for folder in self._jobs.iterdir():
            if time.time() - folder.stat().st_mtime > 86_400:
                shutil.rmtree(folder, ignore_errors=True)


def _placed_copy(target: Path, source: Path) -> bool:
    """Whether `target` is a copy of `source` that nobody changed since it was made."""
    if not source.exists():
        return False
    here, there = target.stat(), source.stat()
    return target.suffix.lower() == _MOST_COPIED and here.st_size == there.st_size and sha256_of(target) == source.name


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
