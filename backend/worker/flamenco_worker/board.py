"""What this worker holds: the run it executes, the one fetched ahead, those that are being checked and told."""

from __future__ import annotations

import threading
from collections import deque

from flamenco_worker.run import Run

_MOST_HELD = 3  # the manager gives no more
_LEAD_SECONDS = 1.5  # the next task is fetched so long before the current one ends


class Board:
    """Runs by state. All methods are safe to call from several threads."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._held: dict[str, Run] = {}
        self._ready: deque[Run] = deque()
        self._fetching: Run | None = None
        self._current: Run | None = None
        self._usual: dict[tuple[int, str], float] = {}
        self._stopping = False
        self._draining = False

    def held(self) -> list[Run]:
        """All runs that are not told to the end yet."""
        with self._changed:
            return list(self._held.values())

    def hold(self, run: Run) -> None:
        """Take a run on; its files are still to come."""
        with self._changed:
            self._held[run.run_id] = run
            self._fetching = run

    def ready(self, run: Run) -> None:
        """Its files are here: it may be executed. One that was stopped meanwhile is passed over."""
        with self._changed:
            self._fetching = None
            run.preparing = False
            if not run.cancelled.is_set():
                self._ready.append(run)
            self._changed.notify_all()

    def next(self, seconds: float) -> Run | None:
        """The next run to execute, or None after `seconds` or when the worker stops."""
        with self._changed:
            self._changed.wait_for(lambda: self._ready or self._stopping, seconds)
            while self._ready and not self._stopping:
                run = self._ready.popleft()
                if not run.cancelled.is_set():
                    self._current = run
                    self._changed.notify_all()
                    return run
            return None

    def executed(self, run: Run, seconds: float) -> None:
        """Its commands are done."""
        with self._changed:
            self._current = None
            self._usual[(run.assignment.job_id, run.assignment.step)] = seconds
            while len(self._usual) > 64:
                self._usual.pop(next(iter(self._usual)))
            self._changed.notify_all()

    def release(self, run_id: str) -> Run | None:
        """All is told about it, or it is refused."""
        with self._changed:
            self._changed.notify_all()
            return self._held.pop(run_id, None)

    def jobs(self) -> set[int]:
        """The jobs whose files are in use."""
        with self._changed:
            return {run.assignment.job_id for run in self._held.values()}

    def busy(self) -> bool:
        """Whether a run is executed, prepared or waits for its turn."""
        with self._changed:
            return self._current is not None or bool(self._ready) or self._fetching is not None

    def wait_for_want(self, seconds: float) -> bool:
        """Wait until it is time to ask for a task; False after `seconds`."""
        with self._changed:
            return self._changed.wait_for(self._wants, seconds) and not self._stopping

    def _wants(self) -> bool:
        if self._stopping:
            return True
        if self._draining or self._ready or self._fetching or len(self._held) >= _MOST_HELD:
            return False
        if self._current is None:
            return True
        run = self._current
        left = run.remaining(self._usual.get((run.assignment.job_id, run.assignment.step)))
        return left is not None and left <= _LEAD_SECONDS

    def drain(self, draining: bool) -> None:
        """Ask for nothing more, or begin to ask again."""
        with self._changed:
            self._draining = draining
            self._changed.notify_all()

    def stop(self) -> None:
        """Execute nothing more, and stop what is executed; what only waits to be checked and told goes on."""
        with self._changed:
            self._stopping = True
            for run in self._held.values():
                if run.status is None and not run.executed:
                    run.drop()
            self._changed.notify_all()
