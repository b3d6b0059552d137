"""The scheduler: requests that wait at the same moment share one transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from flamenco_common.documents import (
    ClaimAnswer,
    LogChunk,
    LogWish,
    ManagerOrders,
    ManagerReport,
    ReportAnswer,
    TaskDocument,
)  # fmt: skip
from flamenco_common.joiner import Joiner
from sqlalchemy import select
from sqlalchemy.orm import Session

from flamenco_server.config import ServerConfig
from flamenco_server.db import Database
from flamenco_server.modules.farm.recording import Samples
from flamenco_server.modules.managers.service import mirror, wishes_since
from flamenco_server.modules.scheduler.claims import PLACES, ClaimRequest, Claims
from flamenco_server.modules.scheduler.fleet import Fleet, Seen
from flamenco_server.modules.scheduler.losses import expired, take_back_expired
from flamenco_server.modules.scheduler.outputs import Missing
from flamenco_server.modules.scheduler.reports import Applied, Reports, Rules
from flamenco_server.modules.tasks.moves import TASKS

_ANY_PLACE = PLACES.order_by(None).limit(1)
_LOOK_SECONDS = 1.0  # between two looks for leases that ran out


@dataclass(frozen=True)
class Logs:
    """What the scheduler needs of the module log."""

    wishes: Callable[[Session, int], list[LogWish]]
    store: Callable[[Session, int, Sequence[LogChunk]], None]


def _named(requests: Sequence[ClaimRequest]) -> tuple[set[str], set[int]]:
    """The workers and managers of claims."""
    workers = {worker for request in requests for worker in request.workers}
    return workers, {request.manager_id for request in requests}


class Scheduler:
    """Claims and reports of all managers."""

    def __init__(
        self, database: Database, config: ServerConfig, clock: Callable[[], float], missing: Missing, logs: Logs
    ) -> None:
        self._database = database
        self._config = config
        self._clock = clock
        self._missing = missing
        self._logs = logs
        self._looked = 0.0
        self._seen = Seen()
        self._samples = Samples(config.worker_silent_seconds)
        self._rules = Rules(config.lease_seconds, config.most_losses, config.worker_failures, database.is_sqlite)
        self.claim: Joiner[ClaimRequest, ClaimAnswer] = Joiner(self._claims)
        self.report: Joiner[tuple[int, ManagerReport], ReportAnswer] = Joiner(self._reports)

    def _claims(self, requests: Sequence[ClaimRequest]) -> list[ClaimAnswer]:
        now = self._clock()
        self._take_back(now)
        with self._database.reading() as session:
            writes = self._is_work(session, requests, now)
            orders = self._orders(session, [(request.manager_id, request.revision) for request in requests])
        tasks: list[dict[str, TaskDocument]] = [{} for _ in requests]
        if writes:
            tasks = self._database.write(lambda session: self._claim(session, requests, now))
        return [ClaimAnswer(found, order) for found, order in zip(tasks, orders, strict=True)]

    def _claim(self, session: Session, requests: Sequence[ClaimRequest], now: float) -> list[dict[str, TaskDocument]]:
        fleet = Fleet(now, self._config.worker_silent_seconds)
        self._seen.note(session, now, *_named(requests))
        found = Claims(session, fleet, self._config.lease_seconds).handle(requests)
        # Last, as reports write these sums last too.
        self._samples.note(session, now, _named(requests)[1])
        return found

    def _take_back(self, now: float) -> None:
        if now - self._looked < _LOOK_SECONDS:
            return
        self._looked = now
        with self._database.reading() as session:
            found = expired(session, now)
        if found:
            self._database.write(lambda session: take_back_expired(session, now, self._config.most_losses))

    def _is_work(self, session: Session, requests: Sequence[ClaimRequest], now: float) -> bool:
        """Whether a transaction that writes is worth it: an idle farm is asked all the time."""
        if self._seen.stale(now, *_named(requests)) or session.connection().execute(_ANY_PLACE).first():
            return True
        leases = sorted({request.lease for request in requests})
        return session.execute(select(TASKS.c.id).where(TASKS.c.lease.in_(leases)).limit(1)).first() is not None

    def _orders(self, session: Session, callers: Sequence[tuple[int, int]]) -> list[ManagerOrders]:
        known = {caller: self._order(session, *caller) for caller in set(callers)}
        return [known[caller] for caller in callers]

    def _order(self, session: Session, manager_id: int, revision: int) -> ManagerOrders:
        wishes = wishes_since(session, manager_id, revision)
        newest = max([revision, *(wish.revision for wish in wishes)])
        return ManagerOrders(newest, wishes, self._logs.wishes(session, manager_id))

    def _reports(self, batch: Sequence[tuple[int, ManagerReport]]) -> list[ReportAnswer]:
        now = self._clock()
        return self._database.write(lambda session: self._answered(session, batch, now))

    def _answered(self, session: Session, batch: Sequence[tuple[int, ManagerReport]], now: float) -> list[ReportAnswer]:
        applied = self._apply(session, batch, now)
        session.flush()  # what is wished for next depends on what was just stored
        orders = self._orders(session, [(manager_id, report.revision) for manager_id, report in batch])
        return [ReportAnswer(one.results, one.lost, order) for one, order in zip(applied, orders, strict=True)]

    def _apply(self, session: Session, batch: Sequence[tuple[int, ManagerReport]], now: float) -> list[Applied]:
        for manager_id, report in batch:
            if report.workers:
                mirror(session, manager_id, report.workers, report.revision, now)
            if report.logs:
                self._logs.store(session, manager_id, report.logs)
        applied = Reports(session, self._rules, self._missing, self._seen, now).handle(batch)
        self._samples.note(session, now, (manager_id for manager_id, _ in batch))
        return applied
