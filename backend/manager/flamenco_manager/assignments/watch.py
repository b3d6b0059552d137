"""Silent workers, silent runs and old logs: found by whoever calls next, at most once a second."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from flamenco_common.states import RunStatus, WorkerState

from flamenco_manager.assignments.book import Book
from flamenco_manager.assignments.reports import Closing, Reports
from flamenco_manager.config import ManagerConfig
from flamenco_manager.logs.machines import Machines
from flamenco_manager.logs.store import LogStore
from flamenco_manager.upstream.delivery import Delivery
from flamenco_manager.workers.fleet import Fleet

_LOOK_SECONDS = 1.0
_CLEAN_SECONDS = 3600.0
_DAY = 86_400.0


class Watch:
    """Looks after what nobody reports."""

    def __init__(
        self,
        config: ManagerConfig,
        fleet: Fleet,
        book: Book,
        reports: Reports,
        delivery: Delivery,
        logs: Sequence[LogStore | Machines],
        clock: Callable[[], float],
        ticks: Callable[[], float],
        courier: Callable[[], None],
    ) -> None:
        self._config = config
        self._fleet = fleet
        self._book = book
        self._reports = reports
        self._delivery = delivery
        self._logs = logs
        self._clock = clock
        self._ticks = ticks
        self._courier = courier
        self._turn = threading.Lock()
        self._looked = ticks()
        self._cleaned = ticks() - _CLEAN_SECONDS

    def look(self) -> None:
        """Look, unless somebody just did."""
        now = self._ticks()
        if now - self._looked < _LOOK_SECONDS or not self._turn.acquire(blocking=False):
            return
        try:
            self._looked = now
            self._reports.close([*self._silent_workers(now), *self._silent_runs(now)])
            if self._delivery.overdue() or self._delivery.renewal_due():
                self._courier()
            if now - self._cleaned >= _CLEAN_SECONDS:
                self._cleaned = now
                self._clean()
        finally:
            self._turn.release()

    def give_back(self, worker_id: str, status: RunStatus, reason: str) -> None:
        """End all runs of a worker that is away."""
        self._reports.close([Closing(run.id, status, reason) for run in self._book.of(worker_id)])

    def _silent_workers(self, now: float) -> list[Closing]:
        seconds = self._config.worker_silent_seconds
        reason = f"the worker was not heard of for {seconds:g} s"
        closings: list[Closing] = []
        for member in self._fleet.all():
            if now - member.last_seen <= seconds:
                continue
            if member.state is not WorkerState.OFFLINE:
                self._fleet.signed_off(member, reason, done=False)
            closings += [Closing(run.id, RunStatus.LOST, reason) for run in self._book.of(member.id)]
        return closings

    def _silent_runs(self, now: float) -> list[Closing]:
        """Runs that began and are told of no more. One that is fetched ahead says nothing until it begins."""
        seconds = self._config.task_silent_seconds
        reason = f"the worker said nothing of this run for {seconds:g} s"
        return [
            Closing(run.id, RunStatus.LOST, reason)
            for run in self._book.all()
            if run.begun and now - run.last_update > seconds
        ]

    def _clean(self) -> None:
        before = self._clock() - self._config.log_keep_days * _DAY
        for each in self._logs:
            each.delete_before(before)
        self._book.forget_before(before)
