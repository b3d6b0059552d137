"""The thread that goes on delivering while something is left that no worker's call would deliver; else it waits."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue

from flamenco_manager.assignments.reports import Reports
from flamenco_manager.errors import Unreachable
from flamenco_manager.files.forwarding import Forwarder
from flamenco_manager.files.pins import Pins
from flamenco_manager.logs.store import LogStore
from flamenco_manager.upstream.delivery import Delivery
from flamenco_manager.upstream.outbox import Outbox
from flamenco_manager.upstream.server import Server

_LONGEST_PAUSE = 5.0
_log = logging.getLogger(__name__)


class Bell:
    """Wakes the courier. It exists before the courier does, for those that the courier itself needs."""

    def __init__(self) -> None:
        self.rung = threading.Event()
        self._over: SimpleQueue[str] = SimpleQueue()

    def ring(self) -> None:
        """There is something to deliver."""
        self.rung.set()

    def run_is_over(self, run_id: str) -> None:
        """A run's log can be compressed."""
        self._over.put(run_id)
        self.rung.set()

    def runs_over(self) -> list[str]:
        """The runs that ended since the last call."""
        found: list[str] = []
        while True:
            try:
                found.append(self._over.get_nowait())
            except Empty:
                return found


class Courier:
    """Sends files and what is in the outbox until nothing is left, waiting longer while the server is away."""

    def __init__(
        self, bell: Bell, reports: Reports, delivery: Delivery, outbox: Outbox, forwarder: Forwarder, pins: Pins,
        logs: LogStore, server: Server,
    ) -> None:  # fmt: skip
        self._bell = bell
        self._reports = reports
        self._delivery = delivery
        self._outbox = outbox
        self._forwarder = forwarder
        self._pins = pins
        self._logs = logs
        self._server = server
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="courier", daemon=True)

    def start(self) -> None:
        """Start, with what is left from before."""
        self._bell.ring()
        self._thread.start()

    def stop(self, seconds: float = 5.0) -> None:
        """End; what is not delivered stays on disk."""
        self._stop.set()
        self._bell.ring()
        if self._thread.is_alive():
            self._thread.join(seconds)

    def _work(self) -> None:
        while not self._stop.is_set():
            self._bell.rung.wait()
            self._bell.rung.clear()
            self._until_done()

    def _until_done(self) -> None:
        pause = 0.05
        while not self._stop.is_set():
            self._guarded(self.round)
            if not self._left():
                return
            self._stop.wait(max(pause, self._server.seconds_until_next_try))
            pause = min(_LONGEST_PAUSE, pause * 2)

    def round(self) -> None:
        """Do all that can be done now."""
        for run_id in self._bell.runs_over():
            self._guarded(lambda run_id=run_id: self._logs.finish(run_id))  # type: ignore[misc]
        for sha256 in self._pins.all():
            try:
                self._forwarder.forward(sha256)
            except Unreachable as error:
                _log.info("files wait for the server: %s", error)
                break
            self._reports.deliver()  # what waited for that file
        if self._left() or self._delivery.overdue() or self._delivery.renewal_due():
            self._reports.deliver()

    def _left(self) -> bool:
        return bool(len(self._outbox) or self._pins.all() or self._delivery.has_more())

    @staticmethod
    def _guarded(work: Callable[[], None]) -> None:
        """A mistake of ours must not end the thread."""
        try:
            work()
        except Exception:
            _log.exception("the courier met an error")
