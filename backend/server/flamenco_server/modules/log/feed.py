"""The event table as an ordered feed.

On PostgreSQL ids are given before transactions commit, so number 7 may appear after number 8. `Sequencer` holds 8 back
for a moment while 7 may still come, so that a watcher's `Last-Event-ID` leaves nothing out; a 7 that comes even later
is sent without an id. Most gaps belong to transactions that were undone, and never fill.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import msgspec
from sqlalchemy import delete, func, or_, select
from sqlalchemy.orm import Session

from flamenco_server.db import Database
from flamenco_server.modules.log.models import EventRow

HOLD_SECONDS = 1.0  # an event waits so long for one with a lower number
REMEMBER_SECONDS = 30.0  # a missing number may still appear for so long
LOOK_BACK = 1000  # numbers below the newest that are looked through for gaps when a feed starts
MOST_ROWS = 2000  # in one reading
_MOST_GAPS = 1000
_TRIM_ROWS = 5000


@dataclass(frozen=True)
class Sent:
    """An event as it goes out; `late` ones carry no id."""

    id: int
    job_id: int | None
    kind: str
    data: bytes
    late: bool = False

    @cached_property
    def encoded(self) -> bytes:
        """As a server-sent event; made once for all who listen."""
        head = b"" if self.late else b"id: %d\n" % self.id
        return head + b"event: " + self.kind.encode() + b"\ndata: " + self.data + b"\n\n"


class Sequencer:
    """Puts events in the order of their ids; `head` is the newest id that was given out."""

    def __init__(self, newest: int, gaps: Iterable[int], now: float) -> None:
        self.head = newest
        self._seen = newest
        self._gaps: dict[int, float] = dict.fromkeys(gaps, now)
        self._waiting: list[Sent] = []

    def wanted(self) -> tuple[int, list[int]]:
        """What to read next: ids above the first, and those that were left out below it."""
        return self._seen, sorted(self._gaps)

    def accept(self, rows: Sequence[Sent], now: float) -> list[Sent]:
        """Take what was read; what may go out now, in order."""
        out: list[Sent] = []
        for row in sorted(rows, key=lambda row: row.id):
            if row.id > self._seen:
                for number in range(max(self._seen + 1, row.id - _MOST_GAPS), row.id):
                    self._gaps[number] = now
                self._seen = row.id
            elif self._gaps.pop(row.id, None) is None:
                continue
            if row.id < self.head:
                out.append(Sent(row.id, row.job_id, row.kind, row.data, late=True))
            else:
                self._waiting.append(row)
        self._gaps = {number: since for number, since in self._gaps.items() if now - since < REMEMBER_SECONDS}
        return out + self._released(now)

    def _released(self, now: float) -> list[Sent]:
        """Those that wait, up to the first number that may still come."""
        held = [number for number, since in self._gaps.items() if number > self.head and now - since < HOLD_SECONDS]
        stop = min(held, default=None)
        ordered = sorted(self._waiting, key=lambda row: row.id)
        free = [row for row in ordered if stop is None or row.id < stop]
        self._waiting = ordered[len(free) :]
        if free:
            self.head = free[-1].id
        return free


@dataclass(frozen=True)
class EventTable:
    """Reads and trims the table of events."""

    database: Database

    def start(self, now: float) -> Sequencer:
        """A sequencer that begins at the newest event."""
        with self.database.reading() as session:
            newest = session.scalar(select(func.max(EventRow.id))) or 0
            floor = max(0, newest - LOOK_BACK)
            there = set(session.scalars(select(EventRow.id).where(EventRow.id > floor, EventRow.id <= newest)))
        oldest = min(there, default=newest)
        return Sequencer(newest, (number for number in range(oldest, newest) if number not in there), now)

    def read(self, after: int, gaps: Sequence[int]) -> list[Sent]:
        """Events above `after`, and those of `gaps` that have appeared."""
        fitting = EventRow.id > after
        with self.database.reading() as session:
            wanted = or_(fitting, EventRow.id.in_(gaps)) if gaps else fitting
            return _rows(session, select(EventRow).where(wanted).order_by(EventRow.id).limit(MOST_ROWS + len(gaps)))

    def between(self, after: int, last: int, job_id: int | None) -> list[Sent]:
        """Up to `MOST_ROWS` events above `after` up to `last`, of one job if it is named."""
        query = select(EventRow).where(EventRow.id > after, EventRow.id <= last)
        if job_id is not None:
            query = query.where(EventRow.job_id == job_id)
        with self.database.reading() as session:
            return _rows(session, query.order_by(EventRow.id).limit(MOST_ROWS))

    def oldest(self) -> int:
        """The oldest id that is kept; 0 if there never was one."""
        with self.database.reading() as session:
            return session.scalar(select(func.min(EventRow.id))) or 0

    def trim(self, before: float) -> int:
        """Forget events from before that time, oldest first, some at a time; the newest one stays."""
        gone = 0
        while True:
            taken, more = self.database.write(lambda session: _trim(session, before))
            gone += taken
            if not more:
                return gone


def _rows(session: Session, query: Any) -> list[Sent]:
    return [_sent(row) for row in session.scalars(query)]


def _sent(row: EventRow) -> Sent:
    document = {
        "id": row.id, "at": row.at, "kind": row.kind, "object_id": row.object_id, "job_id": row.job_id, "data": row.data
    }  # fmt: skip
    return Sent(row.id, row.job_id, row.kind, msgspec.json.encode(document))


def _trim(session: Session, before: float) -> tuple[int, bool]:
    """One bite of the oldest events: how many went, and whether there may be more."""
    newest = session.scalar(select(func.max(EventRow.id))) or 0
    bite = list(session.execute(select(EventRow.id, EventRow.at).order_by(EventRow.id).limit(_TRIM_ROWS)))
    old = [number for number, at in bite if at < before and number < newest]
    if not old:
        return 0, False
    session.execute(delete(EventRow).where(EventRow.id <= old[-1]))
    return len(old), len(old) == _TRIM_ROWS
