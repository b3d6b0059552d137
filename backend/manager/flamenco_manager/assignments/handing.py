"""Handing out: which run a worker gets when it asks, made concrete for its machine."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence

from flamenco_common.documents import Assignment, WorkerOrders
from flamenco_common.states import RunStatus, WorkerState
from flamenco_common.templates import BadTemplate
from flamenco_common.variables import Variable

from flamenco_manager.assignments.book import Book, OpenRun
from flamenco_manager.assignments.claims import Claims
from flamenco_manager.assignments.compiling import WrongMachine, assignment
from flamenco_manager.assignments.reports import Closing, Reports
from flamenco_manager.errors import Rejected, Unreachable
from flamenco_manager.workers.fleet import Fleet
from flamenco_manager.workers.member import Member
from flamenco_manager.workers.ordering import Ordering

MOST_RUNS = 3  # that a worker may own
MOST_STARTS = 3  # of one run by a worker that dies on it
_log = logging.getLogger(__name__)


class Handing:
    """Gives workers their runs."""

    def __init__(
        self,
        book: Book,
        fleet: Fleet,
        claims: Claims,
        reports: Reports,
        ordering: Ordering,
        variables: Callable[[], Sequence[Variable]],
        ticks: Callable[[], float],
    ) -> None:
        self._book = book
        self._fleet = fleet
        self._claims = claims
        self._reports = reports
        self._ordering = ordering
        self._variables = variables
        self._ticks = ticks

    def next(self, member: Member, have: Collection[str]) -> tuple[Assignment | None, WorkerOrders]:
        """A run of the worker that it does not hold, else a newly claimed one; and what it is to be."""
        orders = self._ordering.of(member)
        if orders.state != "run":
            if orders.state == "sleep":
                self._fleet.become(member, WorkerState.ASLEEP)
                self._nothing(member)
            return None, orders
        self._fleet.become(member, WorkerState.AWAKE)
        found = self._owned(member, have)
        if found is None and len(self._book.of(member.id)) < MOST_RUNS:
            self._claim(member)
            found = self._owned(member, have)
        if found is None:
            self._nothing(member)
            return None, self._ordering.of(member)
        member.idle_since = None
        return found, orders

    def _nothing(self, member: Member) -> None:
        member.idle_since = self._ticks()

    def _claim(self, member: Member) -> None:
        """Ask the server, which must know this worker as it is now."""
        try:
            if member.unreported:
                self._reports.deliver()
            if not member.unreported:
                self._claims.ask(member.id)
        except Rejected as error:
            _log.error("the server rejects a claim: %s", error)
        except Unreachable as error:
            _log.debug("no task for %s: %s", member.id, error)

    def _owned(self, member: Member, have: Collection[str]) -> Assignment | None:
        for run in self._book.of(member.id):
            if run.id not in have and (made := self._given(member, run)) is not None:
                return made
        return None

    def _given(self, member: Member, run: OpenRun) -> Assignment | None:
        """The run's assignment; None if it ended instead."""
        if run.session != member.session:
            if run.starts >= MOST_STARTS:
                self._end(run, RunStatus.LOST, f"the worker died {run.starts} times on this task")
                return None
            self._book.start_again(run, member.session)
        try:
            run.assignment = run.assignment or assignment(run.document, member.abilities, self._variables())
        except BadTemplate as error:
            self._end(run, RunStatus.FAILED, str(error))
        except WrongMachine as error:
            self._end(run, RunStatus.LOST, str(error))
        return run.assignment

    def _end(self, run: OpenRun, status: RunStatus, reason: str) -> None:
        self._reports.close([Closing(run.id, status, reason)])
