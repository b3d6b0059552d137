"""Guessing gets slower and slower: vain tries are counted in the database, so that all server processes know of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from flamenco_server.errors import TooMany
from flamenco_server.helpers.upserts import upsert
from flamenco_server.modules.auth.models import TriesRow

_FORGET_SECONDS = 3600.0  # after the last try


@dataclass(frozen=True)
class Subject:
    """Who or where tries are counted for: so many are free, each further one doubles the wait, up to a bound."""

    kind: str
    who: str
    free: int
    longest: float = 900.0  # seconds

    @property
    def key(self) -> str:
        """As it is stored."""
        return f"{self.kind}:{self.who}"[:200]

    def wait(self, tries: int) -> float:
        """Seconds to wait after so many tries."""
        return 0.0 if tries < self.free else min(self.longest, 2.0 ** min(tries - self.free, 30))


def spend_try(session: Session, subjects: Iterable[Subject], now: float) -> None:
    """Count a try for each of them. Raises `TooMany`, which undoes the count, if one of them has to wait.

    It is counted before it is known to be in vain: many at the same moment must not get in together.
    """
    session.execute(delete(TriesRow).where(TriesRow.last_at < now - _FORGET_SECONDS))
    # In one order, so that two of these never wait for each other.
    for subject in sorted(subjects, key=lambda each: each.key):
        first = upsert(session, TriesRow).values(subject=subject.key, count=1, last_at=now, until=0.0)
        again = first.on_conflict_do_update(
            index_elements=[TriesRow.subject], set_={"count": TriesRow.count + 1, "last_at": now}
        )
        count, until = session.execute(again.returning(TriesRow.count, TriesRow.until)).one()
        if until > now:
            raise TooMany(f"there were too many tries: wait {_spoken(until - now)} and try again", until - now)
        if wait := subject.wait(count):
            session.execute(update(TriesRow).where(TriesRow.subject == subject.key).values(until=now + wait))


def give_back(session: Session, subjects: Iterable[Subject]) -> None:
    """Take the last try back: it was not in vain."""
    keys = [subject.key for subject in subjects]
    fewer = update(TriesRow).where(TriesRow.subject.in_(keys), TriesRow.count > 0)
    session.execute(fewer.values(count=TriesRow.count - 1, until=0.0))


def forget(session: Session, subject: Subject) -> None:
    """Begin anew for somebody who got it right."""
    session.execute(delete(TriesRow).where(TriesRow.subject == subject.key))


def _spoken(seconds: float) -> str:
    return f"{max(1, round(seconds))} s" if seconds <= 90 else f"{round(seconds / 60)} minutes"
