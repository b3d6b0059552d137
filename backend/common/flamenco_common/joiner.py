"""Join what waits: many threads' small requests become one batch.

The first thread that comes takes everything that waits and handles it in one go, while later threads gather for
the next batch. A database then has one writer and one transaction for many requests, and a manager
makes one upstream call for many workers. No thread of its own: whoever waits, works.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class BrokenOff(RuntimeError):
    """A batch was broken off, by an interrupt say, before it was handled."""


class _Waiting(Generic[Item, Answer]):
    """One request that waits; `answer` or `error` is set when `done` is. It is woken then, or to lead."""

    __slots__ = ("answer", "done", "error", "item", "leads", "woken")

    def __init__(self, item: Item) -> None:
        self.item = item
        self.done = False
        self.leads = False
        self.woken = threading.Lock()
        self.woken.acquire()
        self.answer: Answer | Exception | None = None
        self.error: Exception | None = None


class Joiner(Generic[Item, Answer]):
    """Calls `handle` with a list of items and gives each caller its own answer.

    `handle` returns one answer for each item, in order; an answer that is an exception is raised in its
    caller only, so one bad item does not fail the others. What `handle` itself raises, every caller gets.
    """

    def __init__(self, handle: Callable[[Sequence[Item]], Sequence[Answer | Exception]], most: int = 200) -> None:
        self._handle = handle
        self._most = most
        self._lock = threading.Lock()
        self._queue: list[_Waiting[Item, Answer]] = []
        self._busy = False

    def __call__(self, item: Item) -> Answer:
        """Hand in one item and wait for its answer."""
        waiting: _Waiting[Item, Answer] = _Waiting(item)
        with self._lock:
            self._queue.append(waiting)
            waiting.leads, self._busy = not self._busy, True
        if not waiting.leads:
            try:
                waiting.woken.acquire()
            except BaseException:  # an interrupt: nobody waits for this item any more
                self._leave(waiting)
                raise
        if not waiting.done:
            self._lead(waiting)
        return self._result(waiting)

    def _lead(self, waiting: _Waiting[Item, Answer]) -> None:
        """Handle batches until this caller's own item is done, then let the next one lead."""
        try:
            while not waiting.done:
                self._run_batch(waiting)
        finally:
            with self._lock:
                self._pass_on()

    def _pass_on(self) -> None:
        """Let the next one lead; the lock is held."""
        self._busy = bool(self._queue)
        if self._queue:
            self._queue[0].leads = True
            self._queue[0].woken.release()

    def _leave(self, waiting: _Waiting[Item, Answer]) -> None:
        with self._lock:
            if waiting in self._queue:
                self._queue.remove(waiting)
                if waiting.leads:
                    self._pass_on()

    def _run_batch(self, leader: _Waiting[Item, Answer]) -> None:
        with self._lock:
            batch, self._queue = self._queue[: self._most], self._queue[self._most :]
        try:
            answers = self._handle([waiting.item for waiting in batch])
            for waiting, answer in zip(batch, answers, strict=True):
                waiting.answer = answer
        except BaseException as error:  # every caller of the batch gets it, lest it waits for ever
            for waiting in batch:
                waiting.error = error if isinstance(error, Exception) else BrokenOff(f"it was broken off: {error!r}")
            if not isinstance(error, Exception):
                raise
        finally:
            for waiting in batch:
                waiting.done = True
                # Each is woken by itself: waking all who wait, again and again, would cost more than the work.
                if waiting is not leader:
                    waiting.woken.release()

    @staticmethod
    def _result(waiting: _Waiting[Item, Answer]) -> Answer:
        if waiting.error is not None:
            raise waiting.error
        if isinstance(waiting.answer, Exception):
            raise waiting.answer
        return waiting.answer  # type: ignore[return-value]
