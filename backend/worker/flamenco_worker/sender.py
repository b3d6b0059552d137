"""Delivers the runs' news to the manager: outputs first, then the updates that name them, in order, and again until they are there."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from flamenco_common.documents import RunUpdate, UpdateAnswer, UpdateResult, WorkerOrders
from flamenco_common.states import RunStatus

from flamenco_worker.errors import Refused, Unreachable, WorkerError
from flamenco_worker.outbox import Entry, Outbox, Parcel
from flamenco_worker.run import Run
from flamenco_worker.upstream import NoSuchThing, Upstream

_log = logging.getLogger(__name__)
_BATCH = 64
_LONGEST_PAUSE = 10.0
_MOST_REMEMBERED = 10_000


class Sender:
    """A thread that turns runs' news into updates, keeps them in the outbox, and empties it."""

    def __init__(
        self,
        upstream: Upstream,
        outbox: Outbox,
        runs: Callable[[], Sequence[Run]],
        *,
        sign_of_life: float,
        orders: Callable[[WorkerOrders], None],
        settled: Callable[[str, bool], None],
        refused: Callable[[], None],
        after: Callable[[], None],
    ) -> None:
        """`settled(run_id, accepted)` is called when a run's last update arrived, or was refused.

        `after` is called when all that waited was delivered.
        """
        self._upstream = upstream
        self._outbox = outbox
        self._runs = runs
        self._sign_of_life = sign_of_life
        self._orders = orders
        self._settled = settled
        self._refused = refused
        self._after = after
        self._news = threading.Event()
        self._stopping = threading.Event()
        self._pause = 0.0
        self._there: dict[str, None] = {}  # hashes that the site had lately; an update that lacks one is told so
        self._remembering = threading.Lock()
        self._thread = threading.Thread(target=self._work, name="sender", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def poke(self) -> None:
        """There are news that should not wait."""
        self._news.set()

    def stop(self, seconds: float) -> None:
        """Try once more to deliver everything, then end."""
        self._stopping.set()
        self._news.set()
        self._thread.join(seconds)

    def ahead(self, parcels: Sequence[Parcel]) -> None:
        """Send files before the update that names them, if the manager is there; else they are sent with it."""
        with contextlib.suppress(WorkerError):
            self._put(parcels)

    def flush(self) -> None:
        """Deliver all that waits. Raises `Unreachable` or `Refused`."""
        while entries := self._outbox.first(_BATCH):
            self._deliver(entries)

    def _work(self) -> None:
        while not self._stopping.is_set():
            self._news.wait(0.5)
            self._news.clear()
            self._round()
        self._round()

    def _round(self) -> None:
        try:
            self._collect()
            self._try_to_flush()
        except Exception:  # without this thread nothing is ever told again
            _log.exception("the worker made a mistake while it told its news")
            self._stopping.wait(1.0)

    def _collect(self) -> None:
        for run in self._runs():
            while taken := run.take(final=run.status is not None, sign_of_life=self._sign_of_life):
                self._outbox.add(*taken)

    def _try_to_flush(self) -> None:
        try:
            self.flush()
            self._pause = 0.0
            self._after()
        except Unreachable:
            self._pause = min(_LONGEST_PAUSE, self._pause * 2 or 0.5)
            self._stopping.wait(self._pause)
        except Refused:
            self._refused()
            self._pause = min(_LONGEST_PAUSE, self._pause * 2 or 1.0)
            self._stopping.wait(self._pause)

    def _deliver(self, entries: list[Entry]) -> None:
        self._put([parcel for entry in entries for parcel in entry.parcels])
        try:
            answer = self._upstream.update([entry.update for entry in entries])
        except NoSuchThing as error:
            if len(entries) > 1:
                for entry in entries:
                    self._deliver([entry])
                return
            answer = _refusal(entries[0].update, str(error))
        for entry, result in zip(entries, answer.results, strict=True):
            self._settle(entry, result)
        self._orders(answer.orders)

    def _put(self, parcels: Sequence[Parcel], *, anyway: bool = False) -> set[str]:
        """Send what the site lacks; returns the hashes of files that are not there any more as they were."""
        there = {parcel.sha256: parcel for parcel in parcels}
        gone: set[str] = set()
        for sha256 in list(there) if anyway else self._lacking(list(there)):
            file = there[sha256].file()
            try:
                if file is None:
                    gone.add(sha256)
                else:
                    self._upstream.put(sha256, file)
                    self._remember([sha256])
            except (NoSuchThing, OSError) as error:  # it changed on disk, or cannot be read
                _log.warning("the output %s cannot be sent: %s", file, error)
                gone.add(sha256)
        return gone

    def _lacking(self, hashes: list[str]) -> list[str]:
        """Those that the site lacks; nobody is asked again for what was there lately."""
        unsure = [sha256 for sha256 in hashes if sha256 not in self._there]
        lacking = self._upstream.missing(unsure) if unsure else []
        self._remember(sha256 for sha256 in unsure if sha256 not in lacking)
        return lacking

    def _remember(self, hashes: Iterable[str]) -> None:
        with self._remembering:  # the uploader's thread remembers too
            self._there.update(dict.fromkeys(hashes))
            while len(self._there) > _MOST_REMEMBERED:
                self._there.pop(next(iter(self._there)))

    def _settle(self, entry: Entry, result: UpdateResult) -> None:
        if result.missing and not result.accepted:
            lacking = [each for each in entry.parcels if each.sha256 in result.missing]
            if lacking and not self._put(lacking, anyway=True):
                raise Unreachable("the farm lost files of this update; they were sent again")
            self._give_back(entry.update, result.error)
            return
        self._outbox.remove(entry.number)
        for parcel in entry.parcels:
            if parcel.once:
                Path(parcel.path).unlink(missing_ok=True)
        if result.accepted and entry.update.status is None:
            return
        self._outbox.drop_run(entry.update.run_id)
        self._settled(entry.update.run_id, result.accepted)

    def _give_back(self, update: RunUpdate, error: str) -> None:
        """An output cannot be delivered, so the run cannot complete: it is told as lost."""
        for run in self._runs():
            if run.run_id == update.run_id:
                run.drop()
        seq = max(self._outbox.last_seq(update.run_id), update.seq) + 1
        self._outbox.drop_run(update.run_id)
        reason = f"an output could not be delivered: {error}"
        self._outbox.add(RunUpdate(update.run_id, update.task_id, seq, RunStatus.LOST, reason, at=time.time()), [])


def _refusal(update: RunUpdate, error: str) -> UpdateAnswer:
    return UpdateAnswer([UpdateResult(update.run_id, update.seq, False, error)], WorkerOrders())
