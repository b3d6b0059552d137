"""Files on their way down from the server: each fetched once, however many workers ask for it at the same moment."""

from __future__ import annotations

import hashlib
import tempfile
import threading
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

from urllib3 import BaseHTTPResponse
from urllib3.exceptions import HTTPError

from flamenco_manager.errors import NotFound, Rejected, Unreachable, disk_errors
from flamenco_manager.files.cache import BLOCK, FileCache, WrongBytes
from flamenco_manager.upstream.server import Server

LARGE = 32 << 20  # larger files are fetched one by one, so that they can resume
UNKNOWN = -1  # a size that nobody told
_BATCH_FILES = 1000
_BATCH_BYTES = 128 << 20


class Flight:
    """A fetch of one file."""

    def __init__(self) -> None:
        self.landed = threading.Event()


class Fetcher:
    """Brings files into the cache."""

    def __init__(self, server: Server, cache: FileCache) -> None:
        self._server = server
        self._cache = cache
        self._lock = threading.Lock()
        self._flights: dict[str, Flight] = {}

    def ensure(self, files: Mapping[str, int]) -> None:
        """Have all of these (hash → size) in the cache. Raises `NotFound` or `Unreachable`."""
        while lacking := {sha256: size for sha256, size in files.items() if not self._cache.has(sha256)}:
            mine, others = self._board(lacking)
            try:
                self._fetch({sha256: lacking[sha256] for sha256 in mine})
            finally:
                self._land(mine)
            for flight in others:
                flight.landed.wait()

    def _board(self, lacking: Mapping[str, int]) -> tuple[list[str], list[Flight]]:
        """The files that this thread fetches, and the flights that others are on."""
        with self._lock:
            others = [self._flights[sha256] for sha256 in lacking if sha256 in self._flights]
            # Looked at once more: it may have landed a moment ago.
            mine = [sha256 for sha256 in lacking if sha256 not in self._flights and not self._cache.has(sha256)]
            for sha256 in mine:
                self._flights[sha256] = Flight()
        return mine, others

    def _land(self, mine: Sequence[str]) -> None:
        with self._lock:
            for sha256 in mine:
                self._flights.pop(sha256).landed.set()

    def _fetch(self, files: Mapping[str, int]) -> None:
        for batch in batches({sha256: size for sha256, size in files.items() if 0 <= size <= LARGE}):
            self._fetch_small(batch)
        for sha256, size in files.items():
            if not 0 <= size <= LARGE:
                self._fetch_large(sha256)

    def _fetch_small(self, hashes: Sequence[str]) -> None:
        with tempfile.TemporaryFile(dir=self._cache.incoming) as spool:
            try:
                answer = self._server.files_zip(hashes)
            except Rejected as error:
                raise NotFound(f"the server does not have what the task needs: {error}") from error
            with disk_errors():
                for block in _blocks(answer):
                    spool.write(block)
            self._unpack(spool)
        gone = [sha256 for sha256 in hashes if not self._cache.has(sha256)]
        if gone:
            raise Unreachable(f"the server sent {len(hashes) - len(gone)} of {len(hashes)} files")

    def _unpack(self, spool: IO[bytes]) -> None:
        try:
            with zipfile.ZipFile(spool) as archive:
                for entry in archive.infolist():
                    with archive.open(entry) as source:
                        self._cache.put(entry.filename, iter(lambda: source.read(BLOCK), b""))
        except zipfile.BadZipFile as error:
            raise Unreachable("the server broke off a stream of files") from error
        except WrongBytes as error:
            raise Unreachable(f"a file arrived damaged: {error}") from error

    def _fetch_large(self, sha256: str) -> None:
        part = self._cache.incoming / f"{sha256}.part"
        have = part.stat().st_size if part.exists() else 0
        try:
            answer = self._server.file(sha256, have)
        except Rejected as error:
            if error.status != 416:
                raise NotFound(f"the server does not have the file {sha256}") from error
        else:
            with disk_errors(), part.open("ab" if answer.status == 206 else "wb") as sink:
                for block in _blocks(answer):
                    sink.write(block)
        if _sha256_of(part) != sha256:
            part.unlink(missing_ok=True)
            raise Unreachable(f"the file {sha256[:12]}… arrived damaged")
        self._cache.adopt(sha256, part)


def batches(files: Mapping[str, int]) -> Iterator[list[str]]:
    """Hashes in lists that are neither too many nor too large for one stream."""
    batch: list[str] = []
    size = 0
    for sha256, more in files.items():
        if batch and (len(batch) >= _BATCH_FILES or size + more > _BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(sha256)
        size += more
    if batch:
        yield batch


def _blocks(answer: BaseHTTPResponse) -> Iterator[bytes]:
    """The body; one that is not read to its end gives its connection back to nobody."""
    try:
        yield from answer.stream(BLOCK)
    except HTTPError as error:
        raise Unreachable(f"the server broke off a file: {type(error).__name__}") from error
    finally:
        answer.close() if answer.length_remaining else answer.release_conn()


def _sha256_of(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()
