"""How long work tells how far it is, and is told to stop."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from flamenco_client.errors import Canceled


def _nothing(_what: str, _done: int, _total: int) -> None:
    """Nobody watches."""


def _never() -> bool:
    return False


@dataclass(frozen=True)
class Progress:
    """`report(what, done, total)` is called in bytes, for `what` in "hash", "upload", "fetch".

    `canceled` is asked often; once it says True the work stops with `Canceled`. Both may be called from threads.
    """

    report: Callable[[str, int, int], None] = _nothing
    canceled: Callable[[], bool] = _never

    def check(self) -> None:
        """Raise `Canceled` if it is time to stop."""
        if self.canceled():
            raise Canceled("canceled")


class Counter:
    """Adds up bytes of one kind of work, from any thread, for a `Progress`."""

    def __init__(self, progress: Progress, what: str, total: int) -> None:
        self._progress, self._what, self._total, self._done = progress, what, total, 0
        self._turn = threading.Lock()
        progress.report(what, 0, total)

    def add(self, count: int) -> None:
        """Count bytes that are done (or, negative, undone). Raises `Canceled`."""
        self._progress.check()
        with self._turn:
            self._done += count
            self._progress.report(self._what, self._done, self._total)
