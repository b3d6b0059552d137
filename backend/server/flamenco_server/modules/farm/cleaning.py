"""Cleaning up on demand: garbage collection and the forgetting of old records, and what came of it last."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from flamenco_server.db import Database
from flamenco_server.errors import Conflict
from flamenco_server.helpers.moments import moment, moment_of
from flamenco_server.helpers.upserts import upsert
from flamenco_server.modules.farm.models import Total
from flamenco_server.modules.farm.recording import totals, trim
from flamenco_server.modules.farm.schemas import CleanUp
from flamenco_server.modules.files.garbage import Collected, Collector
from flamenco_server.modules.log.run_log import trim as trim_logs
from flamenco_server.modules.log.service import record

log = logging.getLogger(__name__)
_GIVEN_UP = 6 * 3600.0  # a run that began so long ago died with its process
_SINCE, _AT, _FILES, _BYTES = "clean-up since", "clean-up at", "clean-up files", "clean-up bytes"


@dataclass(frozen=True)
class Cleaning:
    """Cleans up; logs that nobody read for `log_seconds` go too. Two at once do no harm, but no good either."""

    database: Database
    collector: Collector
    clock: Callable[[], float]
    log_seconds: float

    def run(self, actor: str) -> Collected:
        """Clean up now, and note what came of it."""
        self.database.write(lambda session: _note(session, {_SINCE: int(self.clock())}))
        return self._work(actor)

    def start(self, actor: str) -> None:
        """The same, beside what else goes on. Raises `Conflict` if one goes on already."""
        self.database.write(self._begin)
        # It may be killed at any moment, so it need not keep the server from stopping.
        threading.Thread(target=self._in_background, args=(actor,), name="cleaning", daemon=True).start()

    def state(self, session: Session) -> CleanUp:
        """What came of the last one, and whether one goes on."""
        known = totals(session)
        since = known.get(_SINCE, 0)
        running = since > self.clock() - _GIVEN_UP
        last = known.get(_AT)
        return CleanUp(
            running_since=moment_of(since) if running else None, last_at=moment(last), files=known.get(_FILES, 0),
            bytes=known.get(_BYTES, 0),
        )  # fmt: skip

    def _begin(self, session: Session) -> None:
        if self.state(session).running_since is not None:
            raise Conflict("a clean-up goes on already")
        _note(session, {_SINCE: int(self.clock())})

    def _in_background(self, actor: str) -> None:
        try:
            self._work(actor)
        except Exception:
            log.exception("the clean-up broke off")

    def _work(self, actor: str) -> Collected:
        try:
            gone = self.collector.collect()
            now = self.clock()
            self.database.write(lambda session: trim_logs(session, now - self.log_seconds))
            self.database.write(lambda session: trim(session, now))
            self.database.write(lambda session: self._end(session, gone, actor))
        except BaseException:
            self.database.write(lambda session: _note(session, {_SINCE: 0}))
            raise
        return gone

    def _end(self, session: Session, gone: Collected, actor: str) -> None:
        _note(session, {_SINCE: 0, _AT: int(self.clock()), _FILES: gone.files, _BYTES: gone.bytes})
        record(session, actor, "clean up", "storage", "files", f"{gone.files} files, {gone.bytes / 1e6:.1f} MB")


def _note(session: Session, values: dict[str, int]) -> None:
    for name, value in sorted(values.items()):
        noted = upsert(session, Total).values(name=name, value=value)
        session.execute(noted.on_conflict_do_update(index_elements=[Total.name], set_={"value": value}))
