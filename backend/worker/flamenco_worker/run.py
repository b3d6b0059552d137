"""One run on this worker: its assignment, and the news that are still to be told about it."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue

from flamenco_common.documents import Assignment, FrameTiming, OutputFile, RunUpdate, TaskFile
from flamenco_common.states import RunStatus

from flamenco_worker.commands.base import Made
from flamenco_worker.outbox import Parcel

_MOST_LOG = 200_000  # characters in one update
_MOST_WAITING = 2_000_000  # characters of log that may wait to be told
_SECONDS_BETWEEN_UPDATES = 2.0  # with hundreds of workers a manager has no time for more
_WHILE_WATCHED = 0.5  # somebody reads the log
_BEFORE_THE_FIRST = 0.5  # a task that is over by then needs one update only


class Finished:
    """Follows the last output of a run in the finisher's queue."""


@dataclass
class News:
    """What happened since the last update."""

    log: list[str] = field(default_factory=list)
    outputs: list[OutputFile] = field(default_factory=list)
    parcels: list[Parcel] = field(default_factory=list)
    timings: list[FrameTiming] = field(default_factory=list)
    progress: float | None = None
    activity: str = ""

    def urgent(self) -> bool:
        """Whether an output waits to be told."""
        return bool(self.outputs)

    def any(self) -> bool:
        """Whether there is anything to tell."""
        return bool(self.log or self.outputs or self.timings or self.progress is not None)


class Run:
    """A run from its assignment to its last accepted update. Safe to use from several threads."""

    def __init__(
        self,
        assignment: Assignment,
        scratch: Path,
        made: SimpleQueue[tuple[Run, Made | Finished] | None],
        after: int = 0,
    ) -> None:
        """`after` is the number of the last update that an earlier life of the worker told of this run."""
        self.assignment = assignment
        self.scratch = scratch
        self.cancelled = threading.Event()
        self.files: list[TaskFile] = []
        self.started = 0.0  # monotonic; 0 until it is executed
        self.fraction = 0.0
        self.preparing = True  # its files are still to come
        self.executed = False  # its commands are done
        self.watched = False  # somebody reads its log now
        self._held_since = time.monotonic()
        self._made = made
        self._lock = threading.Lock()
        self._news = News()
        self._status: RunStatus | None = None
        self._reason = ""
        self._log_waiting = 0
        self._left_out = 0
        self._told_at = 0.0
        self._seq = after
        self._peak = 0
        self.told_all = False

    @property
    def run_id(self) -> str:
        """Its id on the farm."""
        return self.assignment.run_id

    # ---- what a command says (commands.base.Reporter) ----

    def log(self, line: str) -> None:
        """Add a line to the log; one that comes too fast to be told is counted and left out."""
        with self._lock:
            if self._log_waiting > _MOST_WAITING:
                self._left_out += 1
                return
            self._say_left_out()
            self._news.log.append(line + "\n")
            self._log_waiting += len(line) + 1

    def _say_left_out(self) -> None:
        if self._left_out:
            self._news.log.append(f"… {self._left_out} lines came faster than they could be told …\n")
            self._left_out = 0

    def progress(self, fraction: float, activity: str) -> None:
        """Say how far it is."""
        with self._lock:
            self.fraction = min(1.0, max(0.0, fraction))
            self._news.progress, self._news.activity = self.fraction, activity

    def output(self, made: Made) -> None:
        """Hand a file to the finisher."""
        self._made.put((self, made))

    def timing(self, timing: FrameTiming) -> None:
        """Say how long a frame took."""
        with self._lock:
            self._news.timings.append(timing)

    def memory(self, megabytes: int) -> None:
        """Say how much memory it uses."""
        self._peak = max(self._peak, megabytes)

    # ---- what the worker says ----

    def finish(self) -> None:
        """The commands are done: whatever they handed over is still to be checked."""
        self.executed = True
        self._made.put((self, Finished()))

    def record(self, output: OutputFile, parcels: list[Parcel]) -> None:
        """An output is checked and in place."""
        with self._lock:
            self._news.outputs.append(output)
            self._news.parcels.extend(parcels)

    def settle(self, status: RunStatus, reason: str = "") -> None:
        """Say how it ended; the first word counts. A failure stops what still runs of it."""
        with self._lock:
            if self._status is None:
                self._status, self._reason = status, reason
        if status is not RunStatus.COMPLETED:
            self.cancelled.set()

    def drop(self) -> None:
        """The run lost its task: stop, and tell no more."""
        self.told_all = True
        self.cancelled.set()

    @property
    def status(self) -> RunStatus | None:
        """How it ended; None while it has not."""
        return self._status

    def remaining(self, usual: float | None) -> float | None:
        """Seconds until the commands are done, from what such tasks usually take, or from its progress."""
        if not self.started:
            return usual
        elapsed = time.monotonic() - self.started
        if self.fraction > 0.05:
            return elapsed * (1 - self.fraction) / self.fraction
        return None if usual is None else max(0.0, usual - elapsed)

    # ---- what the sender takes ----

    def take(self, final: bool, sign_of_life: float) -> tuple[RunUpdate, list[Parcel]] | None:
        """The next update, if it is time for one; `final` with the status."""
        now = time.monotonic()
        with self._lock:
            if self.told_all or not (final or self._due(now, sign_of_life)):
                return None
            if final:
                self._say_left_out()
            news, self._news = self._news, News()
            log = "".join(news.log)
            if len(log) > _MOST_LOG:
                log, rest = log[:_MOST_LOG], log[_MOST_LOG:]
                self._news.log.append(rest)
                final = False  # the status comes with the last of the log
            self._log_waiting = sum(map(len, self._news.log))
            self._told_at = now
            self._seq = max(self._seq + 1, int(time.time() * 1000))  # grows over a restart of the worker too
            self.told_all = final
            update = RunUpdate(
                run_id=self.run_id,
                task_id=self.assignment.task_id,
                seq=self._seq,
                status=self._status if final else None,
                reason=self._reason if final else "",
                progress=1.0 if final and self._status is RunStatus.COMPLETED else news.progress,
                activity=news.activity,
                log=log,
                outputs=news.outputs,
                timings=news.timings,
                peak_memory_mb=self._peak,
                at=time.time(),
            )
            return update, news.parcels

    def _due(self, now: float, sign_of_life: float) -> bool:
        if not self.started and not self._told_at:
            # One that is fetched ahead says nothing, unless its files take long: a silent worker counts as gone.
            return self.preparing and now - self._held_since >= sign_of_life
        waited = now - (self._told_at or self.started - _SECONDS_BETWEEN_UPDATES + _BEFORE_THE_FIRST)
        pause = _WHILE_WATCHED if self.watched else _SECONDS_BETWEEN_UPDATES
        return self._news.urgent() or waited >= sign_of_life or (self._news.any() and waited >= pause)
