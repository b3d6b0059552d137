"""How long work tells how far it is, how fast it goes, and is told to stop."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from flamenco_client.errors import Canceled, ClientError

POLL_SECONDS = 0.02  # how often it is asked whether somebody canceled
GRACE_SECONDS = 0.05  # for canceled work to tidy up by itself
WINDOW_SECONDS = 5.0  # that a speed is measured over
SAMPLE_SECONDS = 0.1

Result = TypeVar("Result")


def _nothing(_what: str, _done: int, _total: int) -> None:
    """Nobody watches."""


def _no_files(_what: str, _done: int, _total: int, _name: str) -> None:
    """Nobody watches."""


def _never() -> bool:
    return False


@dataclass(frozen=True)
class Progress:
    """`report(what, done, total)` is called in bytes, for `what` in "hash", "upload", "fetch".

    `files(what, done, total, name)` is called in files, with the one that was last: for those, and for "trace", where nobody
    knows the total yet, and it is 0. `canceled` is asked often; once it says True the work stops with `Canceled`. All may
    be called from threads. Work overlaps: while files are sent others are still hashed, and "upload" tells of them all.
    """

    report: Callable[[str, int, int], None] = _nothing
    canceled: Callable[[], bool] = _never
    files: Callable[[str, int, int, str], None] = _no_files

    def check(self) -> None:
        """Raise `Canceled` if it is time to stop."""
        if self.canceled():
            raise Canceled("canceled")


class Counter:
    """Adds up bytes and files of one kind of work, from any thread, for a `Progress`. `told`: from the beginning."""

    def __init__(self, progress: Progress, what: str, total: int, files: int = 0, *, told: bool = True) -> None:
        self._progress, self._what, self._total, self._done = progress, what, total, 0
        self._files, self._files_done = files, 0
        self._turn = threading.Lock()
        self.quiet = not told
        if told:
            progress.report(what, 0, total)

    def tell(self) -> None:
        """Tell how far it is, and go on telling."""
        with self._turn:
            self.quiet = False
            self._report()

    def add(self, count: int) -> None:
        """Count bytes that are done (or, negative, undone). Raises `Canceled`."""
        self._progress.check()
        with self._turn:
            self._done += count
            self._report()

    def file(self, *names: str) -> None:
        """Count files that are done. Raises `Canceled`."""
        self._progress.check()
        with self._turn:
            self._files_done += len(names)
            if names and not self.quiet:
                self._progress.files(self._what, self._files_done, self._files, names[-1])

    def spare(self, size: int) -> None:
        """One file of that size turned out not to be needed."""
        with self._turn:
            self._total -= size
            self._files -= 1

    def _report(self) -> None:
        if not self.quiet:
            self._progress.report(self._what, self._done, self._total)


class Meter:
    """What a `Progress` told last, and how fast it went within the last seconds.

    Progress(meter.report, files=meter.files)
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.what, self.done, self.total = "", 0, 0
        self.files_done, self.files_total, self.current = 0, 0, ""
        self._moved = clock()
        self._samples: deque[tuple[float, int]] = deque()

    def report(self, what: str, done: int, total: int) -> None:
        """Hear of bytes, from any thread."""
        now = self._clock()
        self._begin(what)
        if done != self.done:
            self._moved = now
        self.done, self.total = done, total
        if not self._samples or now - self._samples[-1][0] >= SAMPLE_SECONDS:
            self._samples.append((now, done))
            while now - self._samples[0][0] > WINDOW_SECONDS:
                self._samples.popleft()

    def files(self, what: str, done: int, total: int, name: str) -> None:
        """Hear of files, from any thread."""
        self._begin(what)
        self._moved = self._clock()
        self.files_done, self.files_total, self.current = done, total, name

    def _begin(self, what: str) -> None:
        if what != self.what:
            self.what, self.done, self.total = what, 0, 0
            self.files_done, self.files_total, self.current = 0, 0, ""
            self._samples.clear()

    @property
    def fraction(self) -> float:
        """From 0 to 1."""
        return min(1.0, max(0.0, self.done / self.total)) if self.total else 0.0

    @property
    def still(self) -> float:
        """Seconds since anything moved."""
        return self._clock() - self._moved

    @property
    def speed(self) -> float:
        """Bytes a second; 0 while it is not known."""
        samples = [*list(self._samples), (self._clock(), self.done)]
        seconds = samples[-1][0] - samples[0][0]
        return max(0.0, (samples[-1][1] - samples[0][1]) / seconds) if seconds >= SAMPLE_SECONDS else 0.0

    @property
    def left(self) -> float | None:
        """Seconds that are left; None while nobody knows."""
        speed = self.speed
        return max(0.0, self.total - self.done) / speed if speed else None


class _Apart(Generic[Result]):
    """Work in a thread of its own, that can be left alone."""

    def __init__(self, work: Callable[[], Result], abandoned: Callable[[Result], None]) -> None:
        self._work, self._abandoned = work, abandoned
        self.done = threading.Event()
        self._turn = threading.Lock()
        self._left_alone = False
        self._result: list[Result] = []
        self._error: BaseException | None = None
        threading.Thread(target=self._run, daemon=True, name="flamenco cancelable").start()

    def _run(self) -> None:
        try:
            self._result.append(self._work())
        except BaseException as error:  # it is raised where somebody waits for it
            self._error = error
        with self._turn:
            self.done.set()
            left_alone = self._left_alone
        if left_alone:
            self._tidy()

    def _tidy(self) -> None:
        """Nobody waits any more; what a result holds must not stay, whatever it costs."""
        if self._result:
            with contextlib.suppress(ClientError, OSError):
                self._abandoned(self._result[0])

    def leave(self) -> None:
        """Nobody waits any longer."""
        with self._turn:
            self._left_alone = True
            over = self.done.is_set()
        if over:
            threading.Thread(target=self._tidy, daemon=True).start()

    def result(self) -> Result:
        """What came of it."""
        if self._error is not None:
            raise self._error
        return self._result[0]


def cancelable(
    progress: Progress,
    work: Callable[[], Result],
    cut: Callable[[], None] = lambda: None,
    abandoned: Callable[[Result], None] = lambda _: None,
) -> Result:
    """Do `work`; raise `Canceled` within a tenth of a second, even while it hangs.

    `cut` is called then and should end what hangs. Work that is left alone ends later; if it has a result all the same, `abandoned`
    is called with it.
    """
    if progress.canceled is _never:
        return work()
    progress.check()
    apart = _Apart(work, abandoned)
    try:
        while not apart.done.wait(POLL_SECONDS):
            if progress.canceled():
                cut()
                apart.done.wait(GRACE_SECONDS)
                raise Canceled("canceled")
    except BaseException:
        apart.leave()
        raise
    return apart.result()
