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
    """One request that waits; `answer` or `error` is set when `done` is."""

    __slots__ = ("answer", "done", "error", "item")

    def __init__(self, item: Item) -> None:
        self.item = item
        self.done = False
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
        self._changed = threading.Condition()
        self._queue: list[_Waiting[Item, Answer]] = []
        self._busy = False

    def __call__(self, item: Item) -> Answer:
        """Hand in one item and wait for its answer."""
        waiting: _Waiting[Item, Answer] = _Waiting(item)
        with self._changed:
            self._queue.append(waiting)
            while self._busy and not waiting.done:
                self._changed.wait()
            if waiting.done:
                return self._result(waiting)
            self._busy = True
        try:
            while not waiting.done:
                self._run_batch()
        finally:
            with self._changed:
                self._busy = False
                self._changed.notify_all()
        return self._result(waiting)

    def _run_batch(self) -> None:
        with self._changed:
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
            with self._changed:
                for waiting in batch:
                    waiting.done = True
                self._changed.notify_all()

    @staticmethod
    def _result(waiting: _Waiting[Item, Answer]) -> Answer:
        if waiting.error is not None:
            raise waiting.error
        if isinstance(waiting.answer, Exception):
            raise waiting.answer
        return waiting.answer  # type: ignore[return-value]
