"""What the scheduler knows of workers: who is live, what each can do, when it was last heard of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec
from flamenco_common.abilities import Abilities, Requirements, mismatch
from flamenco_common.states import WorkerState
from sqlalchemy import Table, bindparam, select, update
from sqlalchemy.orm import Session

from flamenco_server.modules.managers.models import Manager, Worker

WORKERS: Table = Worker.__table__  # type: ignore[assignment]
MANAGERS: Table = Manager.__table__  # type: ignore[assignment]
SEEN_SECONDS = 15.0  # a worker's row is not written more often than this only to say that it lives
_WORKERS = select(WORKERS).where(WORKERS.c.id.in_(bindparam("ids", expanding=True)))


@lru_cache(maxsize=4096)
def abilities_of(text: str) -> Abilities:
    """Abilities as stored; the same machine's text is read once."""
    return msgspec.json.decode(text, type=Abilities)


@lru_cache(maxsize=4096)
def tags_of(text: str) -> list[str]:
    """Tags as stored."""
    return msgspec.json.decode(text, type=list[str])


@lru_cache(maxsize=4096)
def requirements_of(text: str) -> Requirements:
    """A step's requirements as stored."""
    return msgspec.json.decode(text, type=Requirements)


@lru_cache(maxsize=65536)
def why_not(needs: str, abilities: str, tags: str) -> str | None:
    """Why a worker cannot take a step, from the stored texts; None if it can."""
    return mismatch(requirements_of(needs), abilities_of(abilities), tags_of(tags))


@dataclass(frozen=True)
class Fleet:
    """Bounds for what counts as live at a moment."""

    now: float
    silent_seconds: float

    def takes_work(self, worker: Any) -> bool:
        """Whether the worker may get tasks at all."""
        return bool(worker.enabled) and worker.state == WorkerState.AWAKE.value and not worker.faulty

    def is_live(self, worker: Any) -> bool:
        """Whether it may get tasks, and was heard of lately."""
        return self.takes_work(worker) and worker.last_seen_at > self.now - self.silent_seconds

    def live(self, session: Session) -> Sequence[Any]:
        """All workers that may get tasks and were heard of lately."""
        rows = session.execute(select(WORKERS).where(WORKERS.c.last_seen_at > self.now - self.silent_seconds)).all()
        return [row for row in rows if self.is_live(row)]


def workers_of(session: Session, ids: Iterable[str]) -> dict[str, Any]:
    """Those workers, by id."""
    rows = session.connection().execute(_WORKERS, {"ids": sorted(set(ids))}).all()
    return {row.id: row for row in rows}


class Seen:
    """Notes that workers and managers live, each once in a while; it remembers when, so that it need not ask."""

    def __init__(self) -> None:
        self._written: dict[tuple[str, str | int], float] = {}

    def stale(self, now: float, workers: Iterable[str], managers: Iterable[int]) -> bool:
        """Whether one of these was not noted lately."""
        return bool(self._stale(now, WORKERS, workers) or self._stale(now, MANAGERS, managers))

    def note(self, session: Session, now: float, workers: Iterable[str], managers: Iterable[int]) -> None:
        """Write that these live."""
        for table, ids in ((WORKERS, workers), (MANAGERS, managers)):
            stale = self._stale(now, table, ids)
            if stale:
                session.execute(update(table).where(table.c.id.in_(stale)).values(last_seen_at=now))
                self._written.update({(table.name, one): now for one in stale})

    def _stale(self, now: float, table: Table, ids: Iterable[Any]) -> list[Any]:
        old = now - SEEN_SECONDS
        return sorted(one for one in set(ids) if self._written.get((table.name, one), 0.0) < old)
