"""The orders that ride down on each answer to a worker."""

from __future__ import annotations

from collections.abc import Callable

from flamenco_common.documents import WorkerOrders

from flamenco_manager.assignments.book import Book
from flamenco_manager.logs.wishes import Wishes
from flamenco_manager.workers.fleet import Fleet
from flamenco_manager.workers.member import Member
from flamenco_manager.workers.orders import ordered_state

_SHORTEST_WAIT = 1.0
_COUNT_SECONDS = 0.5


class Ordering:
    """Composes `WorkerOrders`; `most_requests` a second is what all idle workers together may cost."""

    def __init__(
        self,
        fleet: Fleet,
        book: Book,
        wishes: Wishes,
        clock: Callable[[], float],
        ticks: Callable[[], float],
        most_requests: float,
    ) -> None:
        self._fleet = fleet
        self._book = book
        self._wishes = wishes
        self._clock = clock
        self._ticks = ticks
        self._most = most_requests
        self._counted = (float("-inf"), 0)

    def of(self, member: Member) -> WorkerOrders:
        """What this worker is to be now."""
        state = ordered_state(member, self._clock())
        return WorkerOrders(
            state=state,
            when=member.wish_when if member.wish_state == state or not member.enabled else "after",
            enabled=member.enabled,
            wait=max(_SHORTEST_WAIT, self._idle() / self._most),
            log_wanted=self._wishes.of(run.id for run in self._book.of(member.id)),
            own_log=self._wishes.of_worker(member.id),
        )

    def _idle(self) -> int:
        """How many workers are idle; counted twice a second at most."""
        now = self._ticks()
        if now - self._counted[0] > _COUNT_SECONDS:
            self._counted = (now, self._fleet.idle_count(now))
        return self._counted[1]
