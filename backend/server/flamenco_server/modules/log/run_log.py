"""The whole log of a run, which lives at its manager, as people read it here.

A reader leaves a wish; the manager's next call brings the log from where the server has it, and goes on bringing it
while somebody reads. What was brought once is kept for a while, so a finished log is served at once.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from flamenco_common.content import whole_characters
from flamenco_common.documents import LogChunk, LogWish
from sqlalchemy import bindparam, delete, select
from sqlalchemy.orm import Session

from flamenco_server.db import Database
from flamenco_server.errors import Invalid, NotFound
from flamenco_server.helpers.upserts import upsert
from flamenco_server.modules.log.models import LogPiece, LogState, LogWishRow
from flamenco_server.modules.log.schemas import RunLog
from flamenco_server.modules.tasks.models import Run

WISH_SECONDS = 30.0  # a manager goes on bringing a log for so long after somebody read it last
MOST_BYTES = 512 * 1024  # of text in one answer; the reader asks on from `next`


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
        if state is None or state.finished or chunk.offset > state.have or chunk.offset < 0:
            continue
        wish = session.get(LogWishRow, chunk.run_id)
        if wish is None or wish.manager_id != manager_id:
            continue
        fresh = chunk.text.encode()[state.have - chunk.offset :]
        if fresh:
            session.add(LogPiece(run_id=chunk.run_id, offset=state.have, text=fresh.decode(errors="replace")))
            state.have += len(fresh)
        state.size = max(chunk.size, state.have)
        state.finished = chunk.finished and state.have >= chunk.size
        state.touched_at = now
        session.flush()


@dataclass(frozen=True)
class RunLogs:
    """Reads the logs of runs for people; `keep_seconds` is how long unread copies stay."""

    database: Database
    keep_seconds: float

    def read(self, run_id: str, offset: int, now: float) -> RunLog:
        """The log from byte `offset` on, as far as it is here; the manager is asked for the rest."""
        if offset < 0:
            raise Invalid("offset must be 0 or more", "offset")
        with self.database.reading() as session:
            state, wished_until = self._state(session, run_id)
            answer = _read(session, run_id, offset, state)
        if not (state and state.finished) and wished_until < now + WISH_SECONDS / 2:
            self.database.write(lambda session: self._wish(session, run_id, now))
        return answer

    @staticmethod
    def _state(session: Session, run_id: str) -> tuple[LogState | None, float]:
        if session.get(Run, run_id) is None:
            raise NotFound(f"there is no run {run_id[:80]}")
        wish = session.get(LogWishRow, run_id)
        return session.get(LogState, run_id), wish.until if wish else 0.0

    def _wish(self, session: Session, run_id: str, now: float) -> None:
        run = session.get(Run, run_id)
        if run is None:
            return
        if session.get(LogState, run_id) is None:
            trim(session, now - self.keep_seconds)
        # Two readers may come at once.
        until = now + WISH_SECONDS
        wish = upsert(session, LogWishRow).values(run_id=run_id, manager_id=run.manager_id, until=until)
        session.execute(wish.on_conflict_do_update(index_elements=[LogWishRow.run_id], set_={"until": until}))
        state = upsert(session, LogState).values(run_id=run_id, have=0, size=0, finished=False, touched_at=now)
        session.execute(state.on_conflict_do_update(index_elements=[LogState.run_id], set_={"touched_at": now}))


def _read(session: Session, run_id: str, offset: int, state: LogState | None) -> RunLog:
    if state is None or offset >= state.have:
        done = state is not None and state.finished
        return RunLog(run_id, offset, "", state.size if state else 0, offset, done, done)
    first = select(LogPiece.offset).where(LogPiece.run_id == run_id, LogPiece.offset <= offset)
    start = session.scalar(first.order_by(LogPiece.offset.desc()).limit(1)) or 0
    query = select(LogPiece.offset, LogPiece.text).where(LogPiece.run_id == run_id, LogPiece.offset >= start)
    raw = b""
    for _, text in session.execute(query.order_by(LogPiece.offset)).yield_per(50):
        raw += text.encode()
        if len(raw) >= MOST_BYTES + offset - start:
            break
    part = whole_characters(raw[offset - start :], MOST_BYTES)
    after = offset + len(part)
    return RunLog(
        run_id, offset, part.decode(errors="replace"), state.size, after, state.finished and after >= state.have, True
    )


def trim(session: Session, before: float) -> None:
    """Forget logs that nobody read or brought since `before`; managers keep the whole."""
    old = select(LogState.run_id).where(LogState.touched_at < before)
    session.execute(delete(LogPiece).where(LogPiece.run_id.in_(old)))
    session.execute(delete(LogWishRow).where(LogWishRow.run_id.in_(old)))
    session.execute(delete(LogState).where(LogState.touched_at < before))
