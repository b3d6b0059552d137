"""Sending files: only those that the farm lacks, small ones together, large ones so that they resume."""

from __future__ import annotations

import tarfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

import requests

from flamenco_client.api import Client
from flamenco_client.errors import Conflict, LocalFault, Unreachable
from flamenco_client.progress import Counter, Progress

SMALL = 4 * 1024 * 1024  # files up to this size travel in an archive
ARCHIVE_BYTES = 64 * 1024 * 1024
ARCHIVE_FILES = 1000
ASK = 5000  # hashes a question
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
    by_hash = {file.sha256: file for file in files}
    lacking = ask_missing(client, list(by_hash), progress)
    wanted = [by_hash[sha256] for sha256 in lacking]
    counter = Counter(progress, "upload", sum(file.size for file in wanted))
    for batch in batches([file for file in wanted if file.size <= SMALL]):
        send_archive(client, batch, counter, progress)
    for file in wanted:
        if file.size > SMALL:
            send_large(client, file, counter, progress)
    return len(wanted)


def ask_missing(client: Client, hashes: Sequence[str], progress: Progress) -> list[str]:
    """Those that the farm lacks."""
    lacking: list[str] = []
    for start in range(0, len(hashes), ASK):
        progress.check()
        lacking += client.missing(hashes[start : start + ASK])
    return lacking


def batches(files: Iterable[HashedFile]) -> Iterator[list[HashedFile]]:
    """Small files in groups that make a good archive."""
    batch: list[HashedFile] = []
    size = 0
    for file in files:
        batch.append(file)
        size += file.size
        if len(batch) >= ARCHIVE_FILES or size >= ARCHIVE_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def send_archive(client: Client, batch: list[HashedFile], counter: Counter, progress: Progress) -> None:
    """Send a batch in one tar stream; after a lost connection only what did not arrive is sent again."""
    for attempt in range(TRIES):
        sent: list[int] = []
        body = Body(archive_length(batch), lambda: archive(batch, counter, sent))  # noqa: B023
        try:
            client.call("POST", "/files/archive", data=body, headers={"Content-Type": "application/x-tar"})
            return
        except Unreachable:
            if attempt + 1 == TRIES:
                raise
        counter.add(-sum(sent))
        pause(attempt, progress)
        lacking = set(client.missing([file.sha256 for file in batch]))
        counter.add(sum(file.size for file in batch if file.sha256 not in lacking))
        batch = [file for file in batch if file.sha256 in lacking]
        if not batch:
            return


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
            if offset >= file.size and not client.missing([file.sha256]):
                return
            send_piece(client, file, offset, counted)
            failures = 0
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
