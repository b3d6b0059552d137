"""What this manager and its workers log of themselves: the last lines of each, whether the machine still lives or not."""

from __future__ import annotations

import contextlib
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

from flamenco_common.documents import MANAGER_LOG, WORKER_LOG
from flamenco_common.journal import Journal


class Machines:
    """Journals by the names of their logs: `own` is this manager's, copies of the workers' lie below `folder`.

    `knows` tells whether there is a worker with that id, which then is fit for a file's name.
    """

    def __init__(self, folder: Path, own: Journal, knows: Callable[[str], object]) -> None:
        self._folder = folder
        self._own = own
        self._knows = knows
        self._lock = threading.Lock()
        self._copies: dict[str, Journal] = {}

    def of(self, worker_id: str) -> Journal:
        """The copy of a worker's journal."""
        with self._lock:
            if worker_id not in self._copies:
                self._copies[worker_id] = Journal(self._folder / worker_id)
            return self._copies[worker_id]

    def named(self, name: str) -> Journal | None:
        """The journal of that name; None for a run's log, and for a worker of whom nobody knows."""
        if name.startswith(MANAGER_LOG):
            return self._own
        worker_id = name.removeprefix(WORKER_LOG)
        return self.of(worker_id) if worker_id != name and self._knows(worker_id) else None

    def delete_before(self, moment: float) -> None:
        """Delete copies to which nothing was written since then."""
        with self._lock:
            for folder in self._folder.glob("*"):
                with contextlib.suppress(OSError):
                    if max(file.stat().st_mtime for file in (folder, *folder.iterdir())) < moment:
                        shutil.rmtree(folder, ignore_errors=True)
                        self._copies.pop(folder.name, None)
