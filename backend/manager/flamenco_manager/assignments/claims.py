"""Claims: workers that wait at the same moment ask the server together, under a lease id that is written down before.

Where the answer never came, since the server or this manager died in between, the workers that asked are bound to that lease:
each asks under it again, and the server gives it the same task, so none is lost. A lease under which nothing was found is
used on, so an idle farm writes nothing.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Sequence
from typing import Protocol

import msgspec
from flamenco_common.documents import ClaimAnswer, ManagerOrders, TaskDocument
from flamenco_common.joiner import Joiner
from sqlalchemy import bindparam, delete, select

from flamenco_manager.assignments.book import Book, OpenRun
from flamenco_manager.assignments.models import LEASES
from flamenco_manager.db import Database
from flamenco_manager.errors import Rejected
from flamenco_manager.workers.fleet import Fleet

# Built once: building a statement costs more than running it.
_FORGET = delete(LEASES).where(LEASES.c.id.not_in(bindparam("kept", expanding=True)))


class Asked(Protocol):
    """What claims need of the server."""

    @property
    def is_away(self) -> bool:
        """Whether a call would fail at once."""

    def claim(self, lease: str, workers: Sequence[str], revision: int) -> ClaimAnswer:
        """Tasks by worker."""


class Claims:
    """Asks for tasks; `obey` takes the orders that ride down on the answers."""

    def __init__(
        self,
        database: Database,
        book: Book,
        fleet: Fleet,
        server: Asked,
        clock: Callable[[], float],
        ticks: Callable[[], float],
        obey: Callable[[ManagerOrders], None],
    ) -> None:
        self._database = database
        self._book = book
        self._fleet = fleet
        self._server = server
        self._clock = clock
        self._ticks = ticks
        self._obey = obey
        self._joiner: Joiner[str, None] = Joiner(self._ask)
        self._lease = _Lease()  # for whoever is not bound to another
        insert = database.insert(LEASES)
        self._remember = insert.on_conflict_do_update(index_elements=["id"], set_={"workers": insert.excluded.workers})
        with database.reading() as connection:
            rows = connection.execute(select(LEASES)).all()
        self._bound: dict[str, set[str]] = {row.id: set(msgspec.json.decode(row.workers)) for row in rows}

    def ask(self, worker_id: str) -> None:
        """Claim a task for a waiting worker; the book has it then, if there was one. Raises `Unreachable`."""
        self._joiner(worker_id)

    def _ask(self, workers: Sequence[str]) -> list[None]:
        waiting = set(workers)
        for lease in list(self._bound):
            asking = self._bound[lease] & waiting
            if asking:
                waiting -= self._claimed(lease, asking, again=True)
                self._bound[lease] -= asking
                if not self._bound[lease]:
                    del self._bound[lease]
        if waiting and not self._server.is_away:
            self._under_current(waiting)
        return [None] * len(workers)

    def _under_current(self, waiting: Collection[str]) -> None:
        if not self._lease.served.isdisjoint(waiting):
            self._lease = _Lease()  # the server would give them what they have already
        if not self._lease.named.issuperset(waiting):
            self._write_down(waiting)
        lease = self._lease
        try:
            lease.served |= self._claimed(lease.id, waiting, again=False)
        except Rejected as error:
            # Nothing was claimed by what the server will not have.
            self._bind(lease, waiting if error.status >= 500 else ())
            raise
        except Exception:
            self._bind(lease, waiting)
            raise

    def _bind(self, lease: _Lease, waiting: Collection[str]) -> None:
        if waiting:
            self._bound[lease.id] = set(waiting)
        self._lease = _Lease()

    def _write_down(self, waiting: Collection[str]) -> None:
        """Write who asks under the current lease, and forget leases to which nobody is bound."""
        named = self._lease.named | set(waiting)
        text = msgspec.json.encode(sorted(named)).decode()
        with self._database.writing() as connection:
            connection.execute(_FORGET, {"kept": [self._lease.id, *self._bound]})
            connection.execute(self._remember, {"id": self._lease.id, "workers": text})
        self._lease.named = named

    def _claimed(self, lease: str, asking: Collection[str], *, again: bool) -> set[str]:
        """Ask under a lease, and take what comes; returns the workers that got something."""
        answer = self._server.claim(lease, sorted(asking), self._fleet.revision)
        fresh = [
            self._run(worker_id, task) for worker_id, task in answer.tasks.items() if not (again and self._known(task))
        ]
        if fresh:
            with self._database.writing() as connection:
                self._book.write_claimed(connection, fresh)
            self._book.done_claimed(fresh)
        self._obey(answer.orders)
        return {run.worker_id for run in fresh} if again else set(answer.tasks)

    def _known(self, task: TaskDocument) -> bool:
        return self._book.get(task.run_id) is not None or self._book.old(task.run_id) is not None

    def _run(self, worker_id: str, task: TaskDocument) -> OpenRun:
        member = self._fleet.get(worker_id)
        return OpenRun(task, worker_id, member.session if member else 0, self._clock(), self._ticks())


class _Lease:
    """A lease in use: who is written down as asking under it, and who got a task."""

    def __init__(self) -> None:
        self.id = f"L{secrets.token_hex(12)}"
        self.named: set[str] = set()
        self.served: set[str] = set()
