"""Sending files: only those that the farm lacks, small ones together, large ones so that they resume."""

from __future__ import annotations

import tarfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

import requests

from flamenco_client.api import Client
from flamenco_client.errors import Canceled, Conflict, LocalFault, Unreachable
from flamenco_client.hashing import Hashes
from flamenco_client.pack import PackedFile, hashing
from flamenco_client.progress import Counter, Progress, cancelable

SMALL = 4 * 1024 * 1024  # files up to this size travel in an archive
ARCHIVE_BYTES = 16 * 1024 * 1024
ARCHIVE_FILES = 500
ASK = 1000  # files a question
ASK_BYTES = 32 * 1024 * 1024  # of the files that a question is about: sooner is better if they must be sent
SENDERS = 2
WHOLE = 201  # the answer to the last piece of a file
PIECE = 64 * 1024 * 1024  # of a large file, a request
BLOCK = 256 * 1024
TRIES = 8  # without any progress, before it is given up
PAUSES = (0.2, 0.5, 1, 2, 4, 8, 15)


class HashedFile(Protocol):
    """A file on this machine, and its hash."""

    @property
    def source(self) -> Path: ...
    @property
    def sha256(self) -> str: ...
    @property
    def size(self) -> int: ...


class Body:
    """A request's body of known length, made while it is sent."""

    def __init__(self, length: int, chunks: Callable[[], Iterator[bytes]]) -> None:
        self._length, self._chunks = length, chunks

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[bytes]:
        return self._chunks()


def upload(client: Client, files: Iterable[HashedFile], progress: Progress = Progress()) -> int:  # noqa: B008
    """Send those of the files that the farm lacks; give how many were sent.

    A lost connection is taken up again where it broke. Raises a `ClientError`.
    """
    listed = list(files)

    def work() -> int:
        counter = Counter(progress, "upload", sum(file.size for file in listed), len(listed), told=False)
        return sum(len(sent) for _, sent in sending(client, listed, counter, progress))

    return cancelable(progress, work, client.cut)


def send(client: Client, files: Sequence[PackedFile], hashes: Hashes, progress: Progress) -> list[PackedFile]:
    """Hash the files and send those that the farm lacks, while others are still hashed; gives them all with their hashes."""
    total = sum(file.size for file in files)
    reading = Counter(progress, "hash", total, len(files))
    counter = Counter(progress, "upload", total, len(files), told=False)
    found: list[PackedFile] = []
    for asked, sent in sending(client, hashing(files, hashes, reading), counter, progress):
        found += asked
        # Of what goes on at once only the slower part is told.
        reading.quiet = reading.quiet or bool(sent)
        hashes.save()  # whoever cancels now, or is killed, need not read these files again
    return found


File = TypeVar("File", bound=HashedFile)


def sending(
    client: Client, files: Iterable[File], counter: Counter, progress: Progress
) -> Iterator[tuple[list[File], list[File]]]:
    """Ask for files in groups and send what is lacking; gives each group, and those of it that are sent.

    `counter` begins with all files, and ends with those that had to be sent.
    """
    known: set[str] = set()
    with _Senders(client, counter, progress) as senders:
        for group in groups(files, ASK, ASK_BYTES):
            fresh = {file.sha256: file for file in group if file.sha256 not in known}
            known.update(fresh)
            lacking = [
                fresh[sha256] for sha256 in ask_missing(client, list(fresh), progress, patient=len(known) > len(fresh))
            ]
            wanted = {id(file) for file in lacking}
            for file in group:
                if id(file) not in wanted:
                    counter.spare(file.size)
            if lacking:
                counter.tell()
            senders.take(lacking)
            yield group, lacking
    counter.tell()


def ask_missing(client: Client, hashes: Sequence[str], progress: Progress, *, patient: bool) -> list[str]:
    """Those that the farm lacks. `patient`: the server was there before, and may come back."""
    for attempt in range(TRIES if patient else 1):
        progress.check()
        try:
            return client.missing(hashes) if hashes else []
        except Unreachable:
            if not patient or attempt + 1 == TRIES:
                raise
            pause(attempt, progress)
    raise AssertionError("it is tried once at least")


def groups(files: Iterable[File], most_files: int, most_bytes: int) -> Iterator[list[File]]:
    """Files in groups that are large enough to be worth a request."""
    group: list[File] = []
    size = 0
    for file in files:
        group.append(file)
        size += file.size
        if len(group) >= most_files or size >= most_bytes:
            yield group
            group, size = [], 0
    if group:
        yield group


class _Senders:
    """Threads that send, each over a connection of its own: while the server puts one archive away, the next one comes."""

    def __init__(self, client: Client, counter: Counter, progress: Progress) -> None:
        self._client, self._counter = client, counter
        self._failed = threading.Event()
        self._progress = replace(progress, canceled=lambda: self._failed.is_set() or progress.canceled())
        self._own = threading.local()
        self._pool = ThreadPoolExecutor(SENDERS)
        self._work: list[Future[None]] = []
        self._small: list[HashedFile] = []

    def __enter__(self) -> _Senders:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                while self._small:
                    self._send_small()
                wait(self._work, return_when=FIRST_EXCEPTION)
        finally:
            self._failed.set()  # if any is still at work
            self._pool.shutdown(cancel_futures=True)
            self._client.forget_twins()
        if kind is None:
            self._raise()

    def take(self, files: Iterable[HashedFile]) -> None:
        """Send these files, now or with the next ones."""
        if self._failed.is_set():
            wait(self._work, return_when=FIRST_EXCEPTION)
            self._raise()
        for file in files:
            if file.size > SMALL:
                self._begin(partial(send_large, file=file, counter=self._counter, progress=self._progress))
            else:
                self._small.append(file)
        while len(self._small) >= ARCHIVE_FILES or sum(file.size for file in self._small) >= ARCHIVE_BYTES:
            self._send_small()

    def _send_small(self) -> None:
        batch = next(groups(self._small, ARCHIVE_FILES, ARCHIVE_BYTES), [])
        self._small = self._small[len(batch) :]
        if batch:
            self._begin(partial(send_archive, batch=batch, counter=self._counter, progress=self._progress))

    def _begin(self, work: Callable[[Client], None]) -> None:
        def run() -> None:
            try:
                if not hasattr(self._own, "client"):
                    self._own.client = self._client.twin()
                work(self._own.client)
            except BaseException:
                self._failed.set()
                raise

        self._work.append(self._pool.submit(run))

    def _raise(self) -> None:
        """The error that came first; those that were only stopped by it say so themselves."""
        errors = [error for work in self._work if not work.cancelled() and (error := work.exception()) is not None]
        for error in sorted(errors, key=lambda error: isinstance(error, Canceled)):
            raise error


def send_archive(client: Client, batch: Sequence[HashedFile], counter: Counter, progress: Progress) -> None:
    """Send a batch in one tar stream; after a lost connection only what did not arrive is sent again."""
    for attempt in range(TRIES):
        sent: list[int] = []
        try:
            if attempt:
                batch = not_arrived(client, batch, counter)
            if batch:
                body = Body(archive_length(batch), partial(archive, batch, counter, sent))
                client.call("POST", "/files/archive", data=body, headers={"Content-Type": "application/x-tar"})
            break
        except Unreachable:
            if attempt + 1 == TRIES:
                raise
            counter.add(-sum(sent))
            pause(attempt, progress)
    counter.file(*(name_of(file) for file in batch))


def not_arrived(client: Client, batch: Sequence[HashedFile], counter: Counter) -> list[HashedFile]:
    """What is still lacking of a batch that was cut off; the rest is counted."""
    lacking = set(client.missing([file.sha256 for file in batch]))
    arrived = [file for file in batch if file.sha256 not in lacking]
    counter.add(sum(file.size for file in arrived))
    counter.file(*(name_of(file) for file in arrived))
    return [file for file in batch if file.sha256 in lacking]


def name_of(file: HashedFile) -> str:
    """A file's path in the job's tree, or on this machine."""
    return str(getattr(file, "path", file.source))


def archive_length(batch: Iterable[HashedFile]) -> int:
    """How long the tar stream is: a header and whole blocks each, two empty blocks at the end."""
    return sum(tarfile.BLOCKSIZE + blocks(file.size) for file in batch) + 2 * tarfile.BLOCKSIZE


def blocks(size: int) -> int:
    """The size filled up to whole tar blocks."""
    return -(-size // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE


def archive(batch: Iterable[HashedFile], counter: Counter, sent: list[int]) -> Iterator[bytes]:
    """The tar stream; `sent` collects the bytes of files that were counted."""
    for file in batch:
        header = tarfile.TarInfo(file.sha256)
        header.size = file.size
        yield header.tobuf(tarfile.USTAR_FORMAT)
        for block in read(file, 0, file.size):
            yield block
            sent.append(len(block))
            counter.add(len(block))
        yield b"\0" * (blocks(file.size) - file.size)
    yield b"\0" * (2 * tarfile.BLOCKSIZE)


def send_large(client: Client, file: HashedFile, counter: Counter, progress: Progress) -> None:
    """Send one file in pieces, from where the server has it on."""
    counted = Part(counter)
    failures = 0
    while True:
        try:
            offset = upload_offset(client, file)
            counted.set(offset)
            while offset < file.size:
                answer = send_piece(client, file, offset, counted)
                failures = 0
                if answer.status_code == WHOLE:
                    counter.file(name_of(file))
                    return
                offset = int(answer.headers.get("Upload-Offset", "0"))
            if not client.missing([file.sha256]):
                counter.file(name_of(file))
                return
            send_piece(client, file, offset, counted)
        except (Unreachable, Conflict):
            failures += 1
            if failures >= TRIES:
                raise
            pause(failures - 1, progress)


class Part:
    """One file's share of what is counted; what a broken link swallowed is taken back."""

    def __init__(self, counter: Counter) -> None:
        self._counter, self._done = counter, 0

    def add(self, count: int) -> None:
        """Count bytes."""
        self._done += count
        self._counter.add(count)

    def set(self, done: int) -> None:
        """So many bytes of the file are there."""
        self.add(done - self._done)


def upload_offset(client: Client, file: HashedFile) -> int:
    """How many bytes of it the server has; all of them if it has the file."""
    answer = client.call("HEAD", f"/uploads/{file.sha256}", tries=2)
    return min(file.size, int(answer.headers.get("Upload-Offset", "0")))


def send_piece(client: Client, file: HashedFile, offset: int, counted: Part) -> requests.Response:
    """Send the next bytes of a large file."""
    length = min(PIECE, file.size - offset)

    def chunks() -> Iterator[bytes]:
        for block in read(file, offset, length):
            yield block
            counted.add(len(block))

    return client.call(
        "PATCH",
        f"/uploads/{file.sha256}",
        data=Body(length, chunks),
        headers={
            "Content-Type": "application/offset+octet-stream",
            "Upload-Offset": str(offset),
            "Upload-Length": str(file.size),
        },
    )


def read(file: HashedFile, offset: int, length: int) -> Iterator[bytes]:
    """`length` bytes of a file. Raises `LocalFault` if it became shorter since it was hashed."""
    try:
        with file.source.open("rb") as opened:
            opened.seek(offset)
            while length > 0:
                block = opened.read(min(BLOCK, length))
                if not block:
                    raise LocalFault(f"{file.source} changed while it was sent; submit again")
                length -= len(block)
                yield block
    except OSError as error:
        raise LocalFault(f"{file.source} cannot be read: {error.strerror or error}") from error


def pause(attempt: int, progress: Progress) -> None:
    """Wait longer each time, ready to be canceled."""
    end = time.monotonic() + PAUSES[min(attempt, len(PAUSES) - 1)]
    while time.monotonic() < end:
        progress.check()
        time.sleep(0.1)
