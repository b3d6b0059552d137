"""Files on their way down from the server: each fetched once, however many workers ask for it at the same moment.

Many small ones come as one zip stream. A large one comes by itself, goes on where an earlier try broke off, and workers get
its bytes while they arrive: nobody waits in silence until the whole of it is here.
"""

from __future__ import annotations

import contextlib
import tempfile
import threading
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Protocol

from flamenco_common.content import sha256_of
from urllib3 import BaseHTTPResponse
from urllib3.exceptions import HTTPError

from flamenco_manager.errors import ManagerError, NotFound, Rejected, Unreachable, disk_errors
from flamenco_manager.files.cache import BLOCK, FileCache, WrongBytes

LARGE = 32 << 20  # larger files are fetched one by one
_BATCH_FILES = 1000
_BATCH_BYTES = 32 << 20
_SIGN_SECONDS = 5.0
Alive = Callable[[], None]


class Source(Protocol):
    """What fetching needs of the server."""

    def files_zip(self, hashes: Sequence[str]) -> BaseHTTPResponse:
        """Many files as one zip stream."""

    def file(self, sha256: str, offset: int) -> BaseHTTPResponse:
        """A file from byte `offset` on."""


class Flight:
    """A fetch of one file, and how far it is."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.size: int | None = None
        self.have = 0
        self.landed = False
        self.error: ManagerError | None = None

    def advance(self, have: int, size: int | None) -> None:
        """So many bytes are here."""
        with self._changed:
            self.have, self.size = have, size
            self._changed.notify_all()

    def land(self, error: ManagerError | None) -> None:
        """It is over."""
        with self._changed:
            self.landed, self.error = True, error
            self._changed.notify_all()

    def wait_for(self, byte: int) -> None:
        """Wait until that byte is here, or the fetch is over."""
        with self._changed:
            self._changed.wait_for(lambda: self.landed or self.have > byte)

    def wait_until_landed(self, alive: Alive) -> None:
        """Wait until the fetch is over; `alive` is called now and then meanwhile."""
        with self._changed:
            while not self._changed.wait_for(lambda: self.landed, _SIGN_SECONDS):
                alive()

    def wait_for_size(self) -> None:
        """Wait until the size is known, or the fetch is over."""
        with self._changed:
            self._changed.wait_for(lambda: self.landed or self.size is not None)


class Fetcher:
    """Brings files into the cache."""

    def __init__(self, server: Source, cache: FileCache) -> None:
        self._server = server
        self._cache = cache
        self._lock = threading.Lock()
        self._flights: dict[str, Flight] = {}

    def ensure(self, files: Mapping[str, int], alive: Alive = lambda: None) -> None:
        """Have all of these (hash → size) in the cache. Raises `NotFound` or `Unreachable`.

        `alive` is called now and then meanwhile: whoever waits for the files says nothing else.
        """
        with self._cache.using(files):
            while lacking := {sha256: size for sha256, size in files.items() if not self._cache.has(sha256)}:
                mine, others = self._board(lacking)
                self._fly(mine, {sha256: lacking[sha256] for sha256 in mine}, alive)
                for flight in others:
                    flight.wait_until_landed(alive)

    def follow(self, sha256: str) -> Flight | None:
        """The fetch of a file, begun in the background if nobody began it; None if the file is here."""
        mine, others = self._board({sha256: LARGE + 1})
        if mine:
            flight = mine[sha256]
            arguments = (mine, {sha256: LARGE + 1})
            threading.Thread(target=self._fly_alone, args=arguments, name="fetch", daemon=True).start()
            return flight
        return others[0] if others else None

    def bytes_of(self, sha256: str, flight: Flight, start: int, stop: int) -> Iterator[bytes]:
        """The bytes of a file that is being fetched, as they arrive. Raises the fetch's error."""
        while start < stop:
            flight.wait_for(start)
            if flight.error is not None:
                raise flight.error
            # Opened anew each time: the file moves to its place when it is whole.
            with self._opened(sha256) as source:
                source.seek(start)
                block = source.read(min(BLOCK, stop - start, max(0, flight.have - start)))
            if not block:
                raise Unreachable(f"the file {sha256[:12]}… ended early")
            start += len(block)
            yield block

    def _opened(self, sha256: str) -> IO[bytes]:
        for path in (self._part(sha256), self._cache.path(sha256)):
            with contextlib.suppress(FileNotFoundError):
                return path.open("rb")
        raise Unreachable(f"the file {sha256[:12]}… arrived damaged")

    def _board(self, lacking: Mapping[str, int]) -> tuple[dict[str, Flight], list[Flight]]:
        """The flights that this thread begins, and those that others are on."""
        with self._lock:
            others = [self._flights[sha256] for sha256 in lacking if sha256 in self._flights]
            # Looked at once more: it may have landed a moment ago.
            new = [sha256 for sha256 in lacking if sha256 not in self._flights and not self._cache.has(sha256)]
            mine = {sha256: Flight() for sha256 in new}
            self._flights.update(mine)
        return mine, others

    def _fly(self, mine: Mapping[str, Flight], files: Mapping[str, int], alive: Alive) -> None:
        error: ManagerError | None = Unreachable("the fetch of a file was broken off")
        try:
            self._fetch(files, mine, alive)
            error = None
        except ManagerError as caught:
            error = caught
            raise
        finally:
            with self._lock:
                for sha256 in mine:
                    self._flights.pop(sha256, None)
            for sha256, flight in mine.items():
                flight.land(None if self._cache.has(sha256) else error)

    def _fly_alone(self, mine: Mapping[str, Flight], files: Mapping[str, int]) -> None:
        """In a thread of its own: who follows the flight gets the error."""
        try:
            with self._cache.using(files):
                self._fly(mine, files, lambda: None)
        except ManagerError:
            return

    def _fetch(self, files: Mapping[str, int], flights: Mapping[str, Flight], alive: Alive) -> None:
        for batch in batches({sha256: size for sha256, size in files.items() if size <= LARGE}):
            self._fetch_small(batch, alive)
        for sha256, size in files.items():
            if size > LARGE:
                self._fetch_large(sha256, flights[sha256], alive)

    def _fetch_small(self, hashes: Sequence[str], alive: Alive) -> None:
        with tempfile.TemporaryFile(dir=self._cache.incoming) as spool:
            try:
                answer = self._server.files_zip(hashes)
            except Rejected as error:
                raise NotFound(f"the server does not have what the task needs: {error}") from error
            with disk_errors():
                for block in _blocks(answer):
                    alive()
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

    def _fetch_large(self, sha256: str, flight: Flight, alive: Alive) -> None:
        part = self._part(sha256)
        have = part.stat().st_size if part.exists() else 0
        try:
            answer = self._server.file(sha256, have)
        except Rejected as error:
            if error.status != 416:
                raise NotFound(f"the server does not have the file {sha256}") from error
        else:
            self._write_large(part, have if answer.status == 206 else 0, answer, flight, alive)
        if sha256_of(part) != sha256:
            part.unlink(missing_ok=True)
            raise Unreachable(f"the file {sha256[:12]}… arrived damaged")
        self._cache.adopt(sha256, part)

    @staticmethod
    def _write_large(part: Path, have: int, answer: BaseHTTPResponse, flight: Flight, alive: Alive) -> None:
        length = answer.headers.get("Content-Length")
        size = have + int(length) if length else None
        with disk_errors(), part.open("ab" if have else "wb") as sink:
            flight.advance(have, size)
            for block in _blocks(answer):
                alive()
                sink.write(block)
                sink.flush()
                have += len(block)
                flight.advance(have, size)
        if size is not None and have < size:
            raise Unreachable("the server broke off a file")

    def _part(self, sha256: str) -> Path:
        return self._cache.incoming / f"{sha256}.part"


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
    try:
        yield from answer.stream(BLOCK)
    except HTTPError as error:
        raise Unreachable(f"the server broke off a file: {type(error).__name__}") from error
    finally:
        # A connection that still has bytes of this file serves no other request.
        answer.close()
