"""The whole log of a run, and the last of what a machine logs of itself, which live at a manager, as people read them here.

A reader leaves a wish; the manager's next call brings the log from where the server has it, and goes on bringing it
while somebody reads. What was brought once is kept for a while, so a finished log is served at once. A run's log is whole; a
machine's is forgotten at its beginning, here as at its manager, and never ends.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from flamenco_common.content import whole_characters
from flamenco_common.documents import MANAGER_LOG, WORKER_LOG, LogChunk, LogWish
from sqlalchemy import bindparam, delete, func, select
from sqlalchemy.orm import Session

from flamenco_server.db import Database
from flamenco_server.errors import Invalid, NotFound
from flamenco_server.helpers.upserts import upsert
from flamenco_server.modules.log.models import LogPiece, LogState, LogWishRow
from flamenco_server.modules.log.schemas import MachineLog, RunLog
from flamenco_server.modules.managers.models import Manager, Worker
from flamenco_server.modules.tasks.models import Run

WISH_SECONDS = 30.0  # a manager goes on bringing a log for so long after somebody read it last
MOST_BYTES = 512 * 1024  # of text in one answer; the reader asks on from `next`
MACHINE_BYTES = 768 * 1024  # of a machine's log that are kept; its manager has less
_NOT_HEARD_OF = -1


# Built once: every claim and every report asks this.
_WISHES = (
    select(LogWishRow.run_id, LogState.have)
    .join(LogState, LogState.run_id == LogWishRow.run_id)
    .where(
        LogWishRow.manager_id == bindparam("manager"),
        LogWishRow.until > bindparam("now"),
        LogState.finished.is_(False),
    )
    .order_by(LogWishRow.run_id)
)


def wishes(session: Session, manager_id: int, now: float | None = None) -> list[LogWish]:
    """Which logs a manager is to bring, and from which byte on. One index look-up when nobody reads."""
    now = time.time() if now is None else now
    rows = session.connection().execute(_WISHES, {"manager": manager_id, "now": now})
    return [LogWish(run_id, have) for run_id, have in rows]


def store_chunks(session: Session, manager_id: int, chunks: Sequence[LogChunk], now: float | None = None) -> None:
    """Keep what a manager brought. A piece that is there already, leaves a gap, or nobody asked it for, is dropped."""
    now = time.time() if now is None else now
    for chunk in sorted(chunks, key=lambda chunk: (chunk.run_id, chunk.offset)):
        state = session.get(LogState, chunk.run_id, with_for_update=True)
        wish = session.get(LogWishRow, chunk.run_id)
        if state is None or state.finished or chunk.offset < 0 or wish is None or wish.manager_id != manager_id:
            continue
        if _is_machine(chunk.run_id):
            _forget_old(session, state, chunk)
        if chunk.offset > state.have:
            continue
        fresh = chunk.text.encode()[state.have - chunk.offset :]
        if fresh:
            session.add(LogPiece(run_id=chunk.run_id, offset=state.have, text=fresh.decode(errors="replace")))
            state.have += len(fresh)
        state.size = max(chunk.size, state.have)
        state.finished = chunk.finished and state.have >= chunk.size and not _is_machine(chunk.run_id)
        state.touched_at = now
        session.flush()


def _is_machine(name: str) -> bool:
    return name.startswith((WORKER_LOG, MANAGER_LOG))


def _forget_old(session: Session, state: LogState, chunk: LogChunk) -> None:
    """Make room for a piece of a machine's log: it may have begun anew, or lost what lay between."""
    pieces = delete(LogPiece).where(LogPiece.run_id == state.run_id)
    if chunk.size < state.have or chunk.offset > state.have:
        session.execute(pieces)
        state.have = chunk.offset
    else:
        session.execute(pieces.where(LogPiece.offset < state.have - MACHINE_BYTES))


@dataclass(frozen=True)
class Logs:
    """Reads logs for people; `keep_seconds` is how long unread copies stay."""

    database: Database
    keep_seconds: float

    def of_run(self, run_id: str, offset: int, now: float) -> RunLog:
        """The log from byte `offset` on, as far as it is here; the manager is asked for the rest."""
        with self.database.reading() as session:
            run = session.get(Run, run_id)
            if run is None:
                raise NotFound(f"there is no run {run_id[:80]}")
            state = session.get(LogState, run_id)
            answer = _run_log(session, run_id, _checked(offset), state)
        if not (state and state.finished):
            self._wish(run_id, run.manager_id, now)
        return answer

    def of_worker(self, worker_id: str, offset: int, now: float) -> MachineLog:
        """What a worker logs of itself, in the same way."""
        with self.database.reading() as session:
            manager = session.scalar(select(Worker.manager_id).where(Worker.id == worker_id))
        if manager is None:
            raise NotFound(f"there is no worker {worker_id[:80]!r}")
        return self._of_machine(WORKER_LOG + worker_id, manager, offset, now)

    def of_manager(self, manager_id: int, offset: int, now: float) -> MachineLog:
        """What a manager logs of itself, in the same way."""
        with self.database.reading() as session:
            if session.get(Manager, manager_id) is None:
                raise NotFound(f"there is no manager {manager_id}")
        return self._of_machine(f"{MANAGER_LOG}{manager_id}", manager_id, offset, now)

    def _of_machine(self, name: str, manager_id: int, offset: int, now: float) -> MachineLog:
        with self.database.reading() as session:
            answer = _machine_log(session, name, _checked(offset))
        self._wish(name, manager_id, now)
        return answer

    def _wish(self, name: str, manager_id: int, now: float) -> None:
        """Ask the manager for it, unless it was asked lately."""
        with self.database.reading() as session:
            known = session.get(LogWishRow, name)
        if known is None or known.until < now + WISH_SECONDS / 2:
            self.database.write(lambda session: self._write_wish(session, name, manager_id, now))

    def _write_wish(self, session: Session, name: str, manager_id: int, now: float) -> None:
        if session.get(LogState, name) is None:
            trim(session, now - self.keep_seconds)
        # Two readers may come at once.
        until = now + WISH_SECONDS
        wish = upsert(session, LogWishRow).values(run_id=name, manager_id=manager_id, until=until)
        session.execute(wish.on_conflict_do_update(index_elements=[LogWishRow.run_id], set_={"until": until}))
        size = _NOT_HEARD_OF if _is_machine(name) else 0
        state = upsert(session, LogState).values(run_id=name, have=0, size=size, finished=False, touched_at=now)
        session.execute(state.on_conflict_do_update(index_elements=[LogState.run_id], set_={"touched_at": now}))


def _checked(offset: int) -> int:
    if offset < 0:
        raise Invalid("offset must be 0 or more", "offset")
    return offset


def _run_log(session: Session, run_id: str, offset: int, state: LogState | None) -> RunLog:
    if state is None or offset >= state.have:
        done = state is not None and state.finished
        return RunLog(run_id, offset, "", state.size if state else 0, offset, done, done)
    part = _part(session, run_id, offset)
    after = offset + len(part)
    text = part.decode(errors="replace")
    return RunLog(run_id, offset, text, state.size, after, state.finished and after >= state.have, True)


def _machine_log(session: Session, name: str, offset: int) -> MachineLog:
    state = session.get(LogState, name)
    start = session.scalar(select(func.min(LogPiece.offset)).where(LogPiece.run_id == name))
    if state is None or start is None:
        return MachineLog(0, "", 0, 0, 0, state is not None and state.size != _NOT_HEARD_OF)
    # Whoever has more than there is now read what was there before the log began anew.
    at = start if offset < start or offset > state.have else offset
    part = _part(session, name, at) if at < state.have else b""
    return MachineLog(at, part.decode(errors="replace"), state.have, at + len(part), start, True)


def _part(session: Session, run_id: str, offset: int) -> bytes:
    first = select(LogPiece.offset).where(LogPiece.run_id == run_id, LogPiece.offset <= offset)
    start = session.scalar(first.order_by(LogPiece.offset.desc()).limit(1)) or 0
    query = select(LogPiece.offset, LogPiece.text).where(LogPiece.run_id == run_id, LogPiece.offset >= start)
    raw = b""
    for _, text in session.execute(query.order_by(LogPiece.offset)).yield_per(50):
        raw += text.encode()
        if len(raw) >= MOST_BYTES + offset - start:
            break
    return whole_characters(raw[offset - start :], MOST_BYTES)


def trim(session: Session, before: float) -> None:
    """Forget logs that nobody read or brought since `before`; managers keep the whole."""
    old = select(LogState.run_id).where(LogState.touched_at < before)
    session.execute(delete(LogPiece).where(LogPiece.run_id.in_(old)))
    session.execute(delete(LogWishRow).where(LogWishRow.run_id.in_(old)))
    session.execute(delete(LogState).where(LogState.touched_at < before))
