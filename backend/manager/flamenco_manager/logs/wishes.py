"""Logs that somebody reads on the server: which, and from which byte the next report is to bring them."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence

from flamenco_common.documents import WORKER_LOG, LogChunk, LogWish
from flamenco_common.journal import Journal

from flamenco_manager.assignments.book import Book
from flamenco_manager.logs.machines import Machines
from flamenco_manager.logs.store import LogStore

_CHUNK_BYTES = 256 * 1024
_MOST_CHUNKS = 4  # in one report


class Wishes:
    """What is wished for now; each answer of the server says it anew."""

    def __init__(self, book: Book, store: LogStore, machines: Machines) -> None:
        self._book = book
        self._store = store
        self._machines = machines
        self._lock = threading.Lock()
        self._offsets: dict[str, int] = {}
        self._sent: dict[str, tuple[int, int]] = {}

    def set(self, wishes: Iterable[LogWish]) -> None:
        """These are wished for, and no others."""
        with self._lock:
            self._offsets = {wish.run_id: wish.offset for wish in wishes}
            self._sent = {run_id: sent for run_id, sent in self._sent.items() if run_id in self._offsets}

    def of(self, run_ids: Iterable[str]) -> list[str]:
        """Those of these runs whose log is wished for."""
        return [run_id for run_id in run_ids if run_id in self._offsets] if self._offsets else []

    def of_worker(self, worker_id: str) -> bool:
        """Whether a worker's own log is wished for."""
        return bool(self._offsets) and WORKER_LOG + worker_id in self._offsets

    def waiting(self) -> bool:
        """Whether there is something to bring that was not brought yet."""
        return any(self._fresh(run_id, offset) for run_id, offset in list(self._offsets.items()))

    def chunks(self) -> list[LogChunk]:
        """What the next report brings."""
        if not self._offsets:
            return []
        found: list[LogChunk] = []
        for run_id, offset in list(self._offsets.items()):
            if len(found) < _MOST_CHUNKS and (chunk := self._chunk(run_id, offset)) is not None:
                found.append(chunk)
        return found

    def brought(self, chunks: Sequence[LogChunk]) -> None:
        """The server answered a report with these."""
        with self._lock:
            self._sent.update({chunk.run_id: (chunk.offset, chunk.size) for chunk in chunks})

    def _fresh(self, run_id: str, offset: int) -> bool:
        if (journal := self._machines.named(run_id)) is not None:
            chunk = _part(run_id, journal, offset)
            return chunk is not None and self._sent.get(run_id) != (chunk.offset, chunk.size)
        size, finished = self._size(run_id, offset)
        # What the server dropped once would be dropped again: no hurry then.
        return (offset < size or finished) and self._sent.get(run_id) != (offset, size)

    def _chunk(self, run_id: str, offset: int) -> LogChunk | None:
        if (journal := self._machines.named(run_id)) is not None:
            return _part(run_id, journal, offset)
        size, finished = self._size(run_id, offset)
        if offset >= size and not finished:
            return None
        text = self._store.read(run_id, offset, _CHUNK_BYTES, size) if offset < size else ""
        if not text:  # what is no longer here will not come
            size = min(offset, size)
        return LogChunk(run_id, offset, text, size, finished and offset + len(text.encode()) >= size)

    def _size(self, run_id: str, offset: int) -> tuple[int, bool]:
        """How long the log is, and whether the run is over. Of an unknown run there is no more than the server has."""
        run = self._book.get(run_id)
        if run is not None:
            return run.log_size, False
        old = self._book.old(run_id)
        return (old.log_size, True) if old else (offset, True)


def _part(name: str, journal: Journal, offset: int) -> LogChunk | None:
    """What a journal has from a byte on; of one that began anew, the whole. An empty one says so."""
    size = journal.size
    if offset == size > 0:
        return None
    start, text = journal.read(offset if offset < size else 0, _CHUNK_BYTES)
    return LogChunk(name, start, text, size)
