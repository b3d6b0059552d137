"""Tells the manager what this worker logs of itself, a little later than it happens, or at once while somebody reads."""

from __future__ import annotations

import logging
import time

from flamenco_common.documents import OwnLog
from flamenco_common.journal import Journal

from flamenco_worker.errors import WorkerError
from flamenco_worker.upstream import NoSuchThing, Upstream

_PAUSE = 10.0  # with hundreds of workers a manager has no time for more
_WHILE_WATCHED = 0.5
_MOST_BYTES = 128 * 1024  # in one call
_log = logging.getLogger(__name__)


class OwnLogTeller:
    """Sends what the manager lacks of the journal. Not safe to use from several threads."""

    def __init__(self, journal: Journal, upstream: Upstream) -> None:
        self.watched = False  # somebody reads it now
        self._journal = journal
        self._upstream = upstream
        self._next: int | None = None  # the byte that the manager wants; None: not known in this life
        self._told_at = float("-inf")
        self._in_vain = False  # the manager is older than this call

    def tell(self, *, anyway: bool = False) -> None:
        """Send the next piece, if there is one and it is time, or `anyway`. A manager that is away gets it later."""
        pause = _WHILE_WATCHED if self.watched else _PAUSE
        early = time.monotonic() - self._told_at < pause and not anyway
        if early or self._in_vain or self._next == self._journal.size:
            return
        self._told_at = time.monotonic()
        try:
            if self._next is None:
                self._next = self._told(self._journal.size, "")
            if self._next != self._journal.size:
                self._next = self._told(*self._journal.read(self._next, _MOST_BYTES))
        except NoSuchThing:
            self._in_vain = True
        except WorkerError as error:
            _log.debug("the worker's own log waits: %s", error)
        except OSError as error:
            _log.debug("the worker's own log cannot be read: %s", error)

    def _told(self, offset: int, text: str) -> int:
        return self._upstream.own_log(OwnLog(offset, text, self._journal.size)).next
