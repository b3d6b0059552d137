"""The variables that fill commands: the site's own, and below them the farm's, which people edit at the server."""

from __future__ import annotations

import contextlib
import json
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from flamenco_common.variables import Variable, from_config

from flamenco_manager.errors import Unreachable

FRESH_SECONDS = 30.0  # an edit counts after so long at the latest
_log = logging.getLogger(__name__)


class Variables:
    """Asks the server now and then, when a task is made concrete; remembers in `file` for when it is away.

    `ask` gives the farm's table as the server keeps it. A variable of the site's own hides the farm's of that name.
    """

    def __init__(
        self, own: Sequence[Variable], ask: Callable[[], Mapping[str, Any]], file: Path, ticks: Callable[[], float]
    ) -> None:
        self._own = list(own)
        self._ask = ask
        self._file = file
        self._ticks = ticks
        self._lock = threading.Lock()
        self._asked: float | None = None
        self._farm = _read(file)

    def __call__(self) -> list[Variable]:
        """All of them, as of now or a moment ago."""
        # Who comes while another asks takes what is known, unless nothing was asked yet.
        if self._is_stale() and self._lock.acquire(blocking=self._asked is None):
            try:
                if self._is_stale():
                    self._refresh()
            finally:
                self._lock.release()
        names = {variable.name for variable in self._own}
        return self._own + [variable for variable in self._farm if variable.name not in names]

    def _is_stale(self) -> bool:
        return self._asked is None or self._ticks() - self._asked > FRESH_SECONDS

    def _refresh(self) -> None:
        self._asked = self._ticks()
        try:
            table = self._ask()
            found = from_config(table)
        except Unreachable as error:
            _log.debug("the farm's variables are those of before: %s", error)
            return
        except (TypeError, ValueError, AttributeError):
            _log.warning("the farm's variables cannot be read; those of before count")
            return
        if found != self._farm:
            self._farm = found
            _write(self._file, table)


def _read(file: Path) -> list[Variable]:
    with contextlib.suppress(OSError, ValueError, TypeError, AttributeError):
        return from_config(json.loads(file.read_text(encoding="utf-8")))
    return []


def _write(file: Path, table: Mapping[str, Any]) -> None:
    """Remember a table; where the disk is full it is asked for again."""
    fresh = file.with_name(f"{file.name}.new")
    with contextlib.suppress(OSError):
        fresh.write_text(json.dumps(table), encoding="utf-8")
        fresh.replace(file)
