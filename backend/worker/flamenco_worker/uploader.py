"""Sends outputs up before they are told, so that a large one never keeps the worker's signs of life from going out."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from queue import SimpleQueue

from flamenco_common.documents import OutputFile

from flamenco_worker.outbox import Parcel
from flamenco_worker.run import Run

_log = logging.getLogger(__name__)


class Uploader:
    """A thread between the finisher and the runs' news. `ahead` sends files if it can; what it cannot, the sender will."""

    def __init__(self, ahead: Callable[[Sequence[Parcel]], None], news: Callable[[], None]) -> None:
        self._queue: SimpleQueue[tuple[Run, OutputFile, list[Parcel]] | Callable[[], None] | None] = SimpleQueue()
        self._ahead = ahead
        self._news = news
        self._thread = threading.Thread(target=self._work, name="uploader", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self, seconds: float) -> None:
        """Finish what is queued, if it does not take long, then end."""
        self._queue.put(None)
        self._thread.join(seconds)

    def output(self, run: Run, output: OutputFile, parcels: list[Parcel]) -> None:
        """An output is in place: send it, then tell of it."""
        self._queue.put((run, output, parcels))

    def afterwards(self, call: Callable[[], None]) -> None:
        """Do this when all that was handed over before is done."""
        self._queue.put(call)

    def _work(self) -> None:
        while (item := self._queue.get()) is not None:
            try:
                if callable(item):
                    item()
                else:
                    self._send(*item)
            except Exception:  # a mistake here must not keep all later outputs from being told
                _log.exception("the worker made a mistake while it sent outputs")
            if self._queue.empty():  # else what follows goes with it: a frame and that its task is done, in one update
                self._news()

    def _send(self, run: Run, output: OutputFile, parcels: list[Parcel]) -> None:
        if run.cancelled.is_set():
            return
        try:
            self._ahead(parcels)
        finally:
            run.record(output, parcels)
