"""One report to the server: updates, workers, logs and living runs together, and what its answer means."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import msgspec
from flamenco_common.documents import (
    ManagerOrders,
    ManagerReport,
    ReportAnswer,
    RunUpdate,
    UpdateResult,
    WorkerReport,
)

from flamenco_manager.assignments.book import Book
from flamenco_manager.errors import Rejected
from flamenco_manager.files.cache import FileCache
from flamenco_manager.files.pins import Pins
from flamenco_manager.logs.wishes import Wishes
from flamenco_manager.upstream.outbox import Kept
from flamenco_manager.workers.fleet import Fleet
from flamenco_manager.workers.member import Member

_HEAR_SECONDS = 2.0
_log = logging.getLogger(__name__)


class Told(Protocol):
    """What a delivery needs of the server."""

    @property
    def is_away(self) -> bool:
        """Whether a call would fail at once."""

    def report(self, report: ManagerReport) -> ReportAnswer:
        """All that there is to say."""


@dataclass(frozen=True)
class Delivered:
    """What became of a report. A result that is None means: keep the update, the server has trouble with it."""

    results: list[UpdateResult | None]
    arrived: list[Kept] = field(default_factory=list)
    refused: list[tuple[Kept, str]] = field(default_factory=list)
    lacking: list[tuple[Kept, list[str]]] = field(default_factory=list)  # that name files which nobody has
    lost: list[str] = field(default_factory=list)
    orders: list[ManagerOrders] = field(default_factory=list)


class Delivery:
    """Composes reports and reads their answers."""

    def __init__(
        self,
        server: Told,
        book: Book,
        fleet: Fleet,
        wishes: Wishes,
        cache: FileCache,
        pins: Pins,
        renewal_seconds: float,
        ticks: Callable[[], float],
        courier: Callable[[], None],
    ) -> None:
        """`courier` is called when the server's orders leave something to do."""
        self._server = server
        self._book = book
        self._fleet = fleet
        self._wishes = wishes
        self._cache = cache
        self.pins = pins
        self._renewal = renewal_seconds
        self._ticks = ticks
        self._courier = courier
        self._renewed = self._heard = ticks()

    @property
    def is_away(self) -> bool:
        """Whether the server was away a moment ago."""
        return self._server.is_away

    def tell(self, updates: Sequence[RunUpdate], drained: Sequence[Kept]) -> Delivered:
        """Send one report, with whatever else there is to say. Raises `Unreachable`."""
        members = self._fleet.unreported()
        chunks = self._wishes.chunks()
        alive = [run.id for run in self._book.all()] if self.renewal_due() else []
        if not (updates or drained or members or chunks or alive or self.overdue()):
            return Delivered([])
        report = ManagerReport(
            updates=[*(kept.update for kept in drained), *updates],
            workers=[self._report(member) for member, _ in members],
            logs=chunks,
            alive=alive,
            revision=self._fleet.revision,
        )
        answer = self._sent(report)
        if alive:
            self._renewed = self._ticks()
        self._fleet.reported(members)
        self._wishes.brought(chunks)
        return self._read(answer, drained)

    def obey(self, told: Delivered) -> None:
        """Take the orders that rode down."""
        for orders in told.orders:
            self.obey_orders(orders)

    def obey_orders(self, orders: ManagerOrders) -> None:
        """Take wishes for workers and for logs."""
        self._heard = self._ticks()
        self._fleet.obey(orders.revision, orders.workers)
        self._wishes.set(orders.logs)
        if self.has_more():
            self._courier()

    def has_more(self) -> bool:
        """Whether there is something to say that no worker's call would bring up at once."""
        return bool(self._fleet.unreported()) or self._wishes.waiting()

    def renewal_due(self) -> bool:
        """Whether the server should hear which runs live."""
        return self._ticks() - self._renewed >= self._renewal

    def overdue(self) -> bool:
        """Whether it is long since the server could say what it wishes: all workers sleep, or render."""
        return self._ticks() - self._heard >= _HEAR_SECONDS

    def send_again(self, missing: Collection[str]) -> list[str]:
        """The server lacks these files: those that are here go up once more; returns the others."""
        here = {sha256: self._cache.size(sha256) for sha256 in missing if self._cache.has(sha256)}
        self.pins.add(here)
        return [sha256 for sha256 in missing if sha256 not in here]

    def _report(self, member: Member) -> WorkerReport:
        return WorkerReport(
            worker_id=member.id,
            name=member.name,
            state=member.state,
            abilities=member.abilities,
            tags=list(member.tags),
            enabled=member.enabled,
            reason=member.reason,
            done=member.done_state,
        )

    def _sent(self, report: ManagerReport) -> _Answers:
        """Send a report; one that is rejected goes in parts, so that one bad thing stops nothing else."""
        try:
            answer = self._server.report(report)
        except Rejected as error:
            parts = _parts(report)
            if parts:
                return self._sent(parts[0]) + self._sent(parts[1])
            return _rejected(report, error)
        return _Answers(list(answer.results), list(answer.lost), [answer.orders])

    def _read(self, answer: _Answers, drained: Sequence[Kept]) -> Delivered:
        told = Delivered(answer.results[len(drained) :], lost=answer.lost, orders=answer.orders)
        for kept, result in zip(drained, answer.results[: len(drained)], strict=True):
            if result is None:
                continue
            if result.accepted:
                told.arrived.append(kept)
            elif not result.missing:
                _log.warning("the server refused what was kept of a run: %s", result.error)
                told.refused.append((kept, result.error))
            elif lacking := self.send_again(result.missing):
                told.lacking.append((kept, lacking))
        return told


@dataclass(frozen=True)
class _Answers:
    """The answers to the parts of a report, put together."""

    results: list[UpdateResult | None]
    lost: list[str]
    orders: list[ManagerOrders]

    def __add__(self, other: _Answers) -> _Answers:
        return _Answers(self.results + other.results, self.lost + other.lost, self.orders + other.orders)


def _parts(report: ManagerReport) -> tuple[ManagerReport, ManagerReport] | None:
    """Two reports that say the same, or None if it cannot be split."""
    replace = msgspec.structs.replace
    updates, workers, logs = report.updates, report.workers, report.logs
    if updates and (workers or logs or report.alive):
        return ManagerReport(updates=updates, revision=report.revision), replace(report, updates=[])
    if len(updates) > 1:
        half = len(updates) // 2
        return replace(report, updates=updates[:half]), replace(report, updates=updates[half:])
    if workers and (logs or report.alive):
        return ManagerReport(workers=workers, revision=report.revision), replace(report, workers=[])
    if len(workers) > 1:
        half = len(workers) // 2
        return replace(report, workers=workers[:half]), replace(report, workers=workers[half:])
    if logs and report.alive:
        return replace(report, alive=[]), replace(report, logs=[])
    return None


def _rejected(report: ManagerReport, error: Rejected) -> _Answers:
    """What cannot be split any more and is rejected. The server's own mistakes may be mended: then it is kept."""
    _log.error("the server rejects a report: %s", error)
    results: list[UpdateResult | None] = [
        None if error.status >= 500 else UpdateResult(update.run_id, update.seq, False, str(error))
        for update in report.updates
    ]
    return _Answers(results, [], [])
