"""Work off Blender's main thread; what comes of it is told on the main thread.

Nearly all of it is talking to the farm, so here it is seen to that nothing does while the user forbids it.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable
from typing import Any

from flamenco_client.errors import Canceled, ClientError
from flamenco_client.progress import Progress

log = logging.getLogger(__name__)
MOST_LINGERING = 20  # threads that were given up and still wait for a server

Report = Callable[[str, int, int], None]
Files = Callable[[str, int, int, str], None]


def ignore(_result: Any) -> None:
    """Nobody waits for the result."""


class Work:
    """One piece of work in a thread of its own."""

    def __init__(self, name: str, *, local: bool = False) -> None:
        self.name, self.local = name, local
        self._canceled = threading.Event()
        self._thread: threading.Thread | None = None
        self.done = False
        self.give_up_at: float | None = None
        self.failed: Callable[[str], None] = ignore

    def cancel(self) -> None:
        """Ask it to stop; it hears of it through its `Progress`, and nobody hears of its result."""
        self._canceled.set()

    @property
    def canceled(self) -> bool:
        """Whether somebody asked it to stop."""
        return self._canceled.is_set()

    def run(self, thread: threading.Thread) -> None:
        """Begin, in that thread."""
        self._thread = thread
        thread.start()

    def join(self, seconds: float) -> bool:
        """Wait for the thread's end; whether it ended."""
        if self._thread is not None:
            self._thread.join(seconds)
        return self._thread is None or not self._thread.is_alive()


class Background:
    """Starts work in threads. `pump`, called on the main thread, tells what became of it."""

    def __init__(self, woken: Callable[[], None] = lambda: None, barred: Callable[[], str] = lambda: "") -> None:
        """`woken` is called when work begins, so that somebody sees to it that `pump` is called.

        `barred` says why the network may not be used now, as one sentence; it is empty if it may. Asked on the main thread.
        """
        self.barred = barred
        self._told: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._running: set[Work] = set()
        self._woken = woken
        self._lingering: list[Work] = []

    def start(
        self,
        name: str,
        work: Callable[[Progress], Any],
        done: Callable[[Any], None] = ignore,
        failed: Callable[[str], None] = ignore,
        report: Report = lambda _what, _done, _total: None,
        seconds: float | None = None,
        files: Files = lambda _what, _done, _total, _name: None,
        local: bool = False,
    ) -> Work:
        """Run `work` in a thread; then `done(result)` or `failed(sentence)` on the main thread.

        `report` and `files` are called in threads. A canceled work fails with "canceled"; one that takes longer than `seconds`
        fails then, whatever becomes of its thread: a server may answer without end, a byte a minute. All but `local` work fails as
        soon as the network may not be used.
        """
        job = Work(name, local=local)
        job.failed = failed
        job.give_up_at = None if seconds is None else time.monotonic() + seconds
        self._running.add(job)
        refusal = self._refusal(job)
        if refusal:
            self._tell(job, failed, refusal)
            self._woken()
            return job
        progress = Progress(report, lambda: job.canceled, files)
        # A daemon: Blender must be able to quit while a server does not answer.
        job.run(
            threading.Thread(
                target=self._run, args=(job, work, done, failed, progress), name=f"flamenco {name}", daemon=True
            )
        )
        self._woken()
        return job

    def _refusal(self, job: Work) -> str:
        """Why work cannot even begin; empty if it can."""
        if not job.local and (barred := self.barred()):
            return barred
        waits = job.give_up_at is not None and self._too_many_linger()
        return "the server has not answered the last questions yet" if waits else ""

    def _run(
        self,
        job: Work,
        work: Callable[[Progress], Any],
        done: Callable[[Any], None],
        failed: Callable[[str], None],
        progress: Progress,
    ) -> None:
        try:
            result = work(progress)
        except Canceled:
            self._tell(job, failed, "canceled")
        except ClientError as error:
            self._tell(job, failed, str(error))
        except Exception as error:
            log.exception("%s failed", job.name)
            self._tell(job, failed, f"an unexpected fault, see the console: {type(error).__name__}: {error}")
        else:
            self._tell(job, done, result)

    def _tell(self, job: Work, tell: Callable[[Any], None], what: Any) -> None:
        def told() -> None:
            if job.done:
                return
            job.done = True
            self._running.discard(job)
            tell(what)

        self._told.put(told)

    def pump(self) -> bool:
        """Tell what is done. To be called on the main thread; gives whether there was anything to tell."""
        any_told = self._give_up()
        while True:
            try:
                told = self._told.get_nowait()
            except queue.Empty:
                return any_told
            any_told = True
            try:
                told()
            except Exception:
                log.exception("what was to follow a piece of work failed")

    def _give_up(self) -> bool:
        """Stop waiting for what takes too long or may not go on; gives whether there was any such."""
        now, barred = time.monotonic(), self.barred() if self._running else ""
        ended = [(job, barred) for job in self._running if barred and not job.local]
        ended += [
            (job, "the server takes too long to answer")
            for job in self._running
            if job.give_up_at is not None and now > job.give_up_at
        ]
        for job, why in ended:
            job.cancel()
            self._lingering.append(job)
            self._tell(job, job.failed, why)
        return bool(ended)

    def _too_many_linger(self) -> bool:
        self._lingering = [job for job in self._lingering if not job.join(0)]
        return len(self._lingering) >= MOST_LINGERING

    @property
    def busy(self) -> bool:
        """Whether there is work whose end was not told yet."""
        return bool(self._running)

    def close(self) -> None:
        """Cancel all; nobody hears of it any more."""
        for job in list(self._running):
            job.cancel()
        self._running.clear()
