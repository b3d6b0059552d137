"""Claims: workers that wait at the same moment ask the server together, under a lease id that is written down before.

A lease whose answer never came, since the server or this manager died in between, is asked for again first: the server
gives the same tasks, so none is lost. A lease under which nothing was found is used on, so an idle farm writes nothing.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol

import msgspec
from flamenco_common.documents import ClaimAnswer, ManagerOrders, TaskDocument
from flamenco_common.joiner import Joiner
from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.sqlite import insert as upsert

from flamenco_manager.assignments.book import Book, OpenRun
from flamenco_manager.assignments.models import LEASES
from flamenco_manager.db import Database
from flamenco_manager.errors import Rejected
from flamenco_manager.workers.fleet import Fleet


class Asked(Protocol):
    """What claims need of the server."""

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
        with database.reading() as connection:
            row = connection.execute(select(LEASES)).first()
        self._lease: str = row.id if row else ""
        self._named: set[str] = set(msgspec.json.decode(row.workers)) if row else set()
        self._unanswered = row is not None

    def ask(self, worker_id: str) -> None:
        """Claim a task for a waiting worker; the book has it then, if there was one. Raises `Unreachable`."""
        self._joiner(worker_id)

    def _ask(self, workers: Sequence[str]) -> list[None]:
        again = self._unanswered
        asking = set(workers) | (self._named if again else set())
        self._write_down(asking)
        self._unanswered = True
        try:
            answer = self._server.claim(self._lease, sorted(asking), self._fleet.revision)
        except Rejected as error:
            # Nothing was claimed by what the server will not have.
            self._unanswered = error.status >= 500
            raise
        self._take({one: task for one, task in answer.tasks.items() if not (again and self._known(task))}, again)
        self._obey(answer.orders)
        return [None] * len(workers)

    def _write_down(self, asking: Collection[str]) -> None:
        if self._lease and self._named.issuperset(asking):
            return
        lease = self._lease or f"L{secrets.token_hex(12)}"
        named = self._named | set(asking)
        text = msgspec.json.encode(sorted(named)).decode()
        row = upsert(LEASES).values(id=lease, workers=text)
        with self._database.writing() as connection:
            connection.execute(row.on_conflict_do_update(index_elements=["id"], set_={"workers": text}))
        self._lease, self._named = lease, named

    def _take(self, tasks: Mapping[str, TaskDocument], again: bool) -> None:
        if tasks or again:
            fresh = [self._run(worker_id, task) for worker_id, task in tasks.items()]
            with self._database.writing() as connection:
                self._book.write_claimed(connection, fresh)
                self._end_lease(connection)
            self._book.done_claimed(fresh)
            self._lease, self._named = "", set()
        self._unanswered = False

    @staticmethod
    def _end_lease(connection: Connection) -> None:
        connection.execute(delete(LEASES))

    def _known(self, task: TaskDocument) -> bool:
        return self._book.get(task.run_id) is not None or self._book.old(task.run_id) is not None

    def _run(self, worker_id: str, task: TaskDocument) -> OpenRun:
        member = self._fleet.get(worker_id)
        return OpenRun(task, worker_id, member.session if member else 0, self._clock(), self._ticks())
