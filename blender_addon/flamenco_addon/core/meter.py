# SPDX-License-Identifier: GPL-3.0-or-later
"""Speed and time left of work that reports its bytes."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

WINDOW_SECONDS = 5.0
SAMPLE_SECONDS = 0.1


class Meter:
    """What was reported last, and how fast it went within the last seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.what, self.done, self.total = "", 0, 0
        self.files_done, self.files_total, self.current = 0, 0, ""
        self._moved = clock()
        self._samples: deque[tuple[float, int]] = deque()

    def report(self, what: str, done: int, total: int) -> None:
        """Hear of progress, from any thread."""
        now = self._clock()
        if what != self.what:
            self.what = what
            self._samples.clear()
        if done != self.done:
            self._moved = now
        self.done, self.total = done, total
        if not self._samples or now - self._samples[-1][0] >= SAMPLE_SECONDS:
            self._samples.append((now, done))
            while now - self._samples[0][0] > WINDOW_SECONDS:
                self._samples.popleft()

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
        samples = list(self._samples)
        if len(samples) < 2:
            return 0.0
        seconds = samples[-1][0] - samples[0][0]
        return max(0.0, (samples[-1][1] - samples[0][1]) / seconds) if seconds else 0.0

    @property
    def left(self) -> float | None:
        """Seconds that are left; None while nobody knows."""
        speed = self.speed
        return (self.total - self.done) / speed if speed else None
