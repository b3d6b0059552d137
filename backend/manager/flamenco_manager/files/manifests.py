"""What tasks need, as the server says it; asked for once, not by each worker.

A manifest without outputs of earlier steps never changes, and all tasks of its step share it. Another one may change
until the task is claimed, so only what was asked for since then counts, for that task alone.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Protocol

from flamenco_common.documents import TaskDocument, TaskFiles

_MOST = 64


class Lists(Protocol):
    """What manifests need of the server."""

    def task_files(self, task_id: int) -> TaskFiles:
        """What a task needs."""


class Manifests:
    """The last manifests that were asked for."""

    def __init__(self, server: Lists) -> None:
        self._server = server
        self._lock = threading.Lock()
        self._asking: dict[Hashable, threading.Lock] = {}
        self._known: OrderedDict[Hashable, TaskFiles] = OrderedDict()

    def of(self, task: TaskDocument) -> TaskFiles:
        """The manifest of a run's task. Raises `Unreachable`."""
        shared, own = (task.job_id, task.step), task.run_id
        found = self._look(shared, own)
        if found is not None:
            return found
        with self._lock:
            turn = self._asking.setdefault(shared, threading.Lock())
        with turn:
            found = self._look(shared, own)
            if found is None:
                found = self._server.task_files(task.task_id)
                self._remember(own if any(file.step for file in found.files) else shared, found)
        with self._lock:
            self._asking.pop(shared, None)
        return found

    def _look(self, *keys: Hashable) -> TaskFiles | None:
        with self._lock:
            for key in keys:
                if key in self._known:
                    self._known.move_to_end(key)
                    return self._known[key]
        return None

    def _remember(self, key: Hashable, files: TaskFiles) -> None:
        with self._lock:
            self._known[key] = files
            while len(self._known) > _MOST:
                self._known.popitem(last=False)
