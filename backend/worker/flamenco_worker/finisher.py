"""Checks what commands made, gives it its final name, hashes it and hands it on, while the next frame renders."""

from __future__ import annotations

import contextlib
import errno
import functools
import hashlib
import os
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue

from flamenco_common.documents import OutputFile
from flamenco_common.paths import BadPath, join_inside
from flamenco_common.states import RunStatus

from flamenco_worker.cache import Cache
from flamenco_worker.checks.files import Checked, check, thumbnail
from flamenco_worker.commands.base import Made
from flamenco_worker.errors import BadOutput, CommandFailed, MachineFault
from flamenco_worker.outbox import Parcel
from flamenco_worker.run import Finished, Run
from flamenco_worker.uploader import Uploader
from flamenco_worker.upstream import sha256_of

_THUMBNAIL_KEPT = 7 * 86_400.0
_WITH_THUMBNAIL = ("frame", "image", "video")


class Finisher:
    """A thread that takes outputs in the order in which they were made. `news` is called when one of them fails its run."""

    def __init__(
        self, cache: Cache, thumbnails: Path, ffmpeg: str, uploader: Uploader, news: Callable[[], None]
    ) -> None:
        self.made: SimpleQueue[tuple[Run, Made | Finished] | None] = SimpleQueue()
        self._cache = cache
        self._thumbnails = thumbnails
        self._ffmpeg = ffmpeg
        self._uploader = uploader
        self._news = news
        self._thread = threading.Thread(target=self._work, name="finisher", daemon=True)

    def start(self) -> None:
        """Start the thread, and remove thumbnails that an earlier life left and nobody waits for any more."""
        for old in self._thumbnails.iterdir():
            if time.time() - old.stat().st_mtime > _THUMBNAIL_KEPT:
                old.unlink()
        self._thread.start()

    def stop(self) -> None:
        """Finish what is queued, then end."""
        self.made.put(None)
        self._thread.join(30)

    def _work(self) -> None:
        while (item := self.made.get()) is not None:
            run, made = item
            if isinstance(made, Finished):
                self._uploader.afterwards(functools.partial(_complete, run))
            elif not run.cancelled.is_set():
                self._finish(run, made)
                if run.cancelled.is_set():
                    self._news()

    def _finish(self, run: Run, made: Made) -> None:
        try:
            self._uploader.output(run, *self._finished(run, made))
        except MachineFault as error:
            run.settle(RunStatus.LOST, str(error))
        except (CommandFailed, BadPath) as error:
            run.log(f"error: {error}")
            run.settle(RunStatus.FAILED, str(error))
        except OSError as error:
            run.log(f"error: {error}")
            run.settle(RunStatus.LOST, f"an output cannot be put in place: {error.strerror or error}")
        except Exception as error:  # an output that breaks its reader must not end the thread
            run.log(f"error: {error!r}")
            run.settle(RunStatus.FAILED, f"{made.path} cannot be checked: {error}")

    def _finished(self, run: Run, made: Made) -> tuple[OutputFile, list[Parcel]]:
        checked = self._checked(made)
        small = self._kept(checked.thumbnail)
        root = Path(run.assignment.job_root if made.root == "job" else run.assignment.output_root)
        final = join_inside(root, made.path)
        size, digest = made.file.stat().st_size, sha256_of(made.file)
        shared = run.assignment.storage == "shared"
        _put_in_place(made.file, final, lasting=shared)
        parcels = [Parcel(small.name, str(small), once=True)] if small else []
        if not shared:
            parcels.append(Parcel(digest, str(self._cache.add(final, digest)), str(final)))
        output = OutputFile(
            path=made.path,
            sha256=digest,
            size=size,
            kind=made.kind,
            root=made.root,
            frame=made.frame,
            width=checked.width,
            height=checked.height,
            layer=made.layer,
            thumbnail=small.name if small else "",
        )
        return output, parcels

    def _checked(self, made: Made) -> Checked:
        with_thumbnail = made.kind in _WITH_THUMBNAIL
        try:
            if made.proved:
                return Checked(made.width, made.height, thumbnail(made.file, self._ffmpeg) if with_thumbnail else None)
            return check(
                made.file, made.kind, made.width, made.height, ffmpeg=self._ffmpeg, with_thumbnail=with_thumbnail
            )
        except BadOutput as error:
            if _disk_is_full(made.file):
                raise MachineFault(f"this machine's disk is full: {error}") from error
            raise

    def _kept(self, data: bytes | None) -> Path | None:
        if data is None:
            return None
        path = self._thumbnails / hashlib.sha256(data).hexdigest()
        path.write_bytes(data)
        return path


def _put_in_place(file: Path, final: Path, *, lasting: bool) -> None:
    """Give a file its final name at once; it may be there already. `lasting`: this is the only copy, so it must be on disk."""
    if file == final:
        return
    final.parent.mkdir(parents=True, exist_ok=True)
    if lasting:
        with file.open("rb+") as stream:
            os.fsync(stream.fileno())
    try:
        file.replace(final)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        beside = final.with_name(f".{final.name[:100]}.new")
        shutil.copyfile(file, beside)
        beside.replace(final)
        file.unlink()


def _complete(run: Run) -> None:
    """All of its outputs are told, so it is completed, unless something was wrong with it."""
    run.settle(RunStatus.COMPLETED)
    _remove_scratch(run.scratch)


def _remove_scratch(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    with contextlib.suppress(OSError):
        folder.parent.rmdir()  # it is empty when no other run works there


def _disk_is_full(path: Path) -> bool:
    """Whether there is less than a megabyte left where `path` is."""
    folder = path.parent
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free < 1_000_000
