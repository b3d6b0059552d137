"""Many callers' items are handled together, and each caller gets its own answer or error."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from flamenco_common.joiner import BrokenOff, Joiner
from processes import until

SECONDS = 10


class Gate:
    """A handler that waits to be let on, so that items gather."""

    def __init__(self, answer: Callable[[Sequence[int]], Sequence[int | Exception]]) -> None:
        self.batches: list[list[int]] = []
        self.open = threading.Event()
        self.entered = threading.Event()
        self._answer = answer

    def __call__(self, items: Sequence[int]) -> Sequence[int | Exception]:
        self.batches.append(list(items))
        self.entered.set()
        assert self.open.wait(SECONDS)
        return self._answer(items)


def doubled(items: Sequence[int]) -> list[int | Exception]:
    return [ValueError(f"{item} is bad") if item < 0 else 2 * item for item in items]


def call_all(joiner: Joiner[int, int], gate: Gate, items: list[int]) -> list[int | BaseException]:
    """The first goes in and waits; the others gather behind it; then all are let on."""
    with ThreadPoolExecutor(len(items)) as pool:
        calls = [pool.submit(joiner, items[0])]
        assert gate.entered.wait(SECONDS)
        calls += [pool.submit(joiner, item) for item in items[1:]]
        until(lambda: len(joiner._queue) == len(items) - 1, SECONDS, "all others wait")
        gate.open.set()
        return [call.exception(SECONDS) or call.result() for call in calls]


def test_what_gathers_is_handled_in_one_batch_in_order_of_coming() -> None:
    gate = Gate(doubled)
    assert call_all(Joiner(gate), gate, list(range(40))) == [2 * item for item in range(40)]
    assert [len(batch) for batch in gate.batches] == [1, 39]


def test_a_batch_has_a_limit() -> None:
    gate = Gate(doubled)
    assert call_all(Joiner(gate, most=10), gate, list(range(26))) == [2 * item for item in range(26)]
    assert [len(batch) for batch in gate.batches] == [1, 10, 10, 5]


def test_one_bad_item_fails_its_own_caller_only() -> None:
    gate = Gate(doubled)
    answers = call_all(Joiner(gate), gate, [1, 2, -3, 4])
    assert [answers[0], answers[1], answers[3]] == [2, 4, 8]
    assert isinstance(answers[2], ValueError)
    assert str(answers[2]) == "-3 is bad"


def test_a_handler_that_fails_fails_its_batch_and_not_the_next() -> None:
    def fussy(items: Sequence[int]) -> list[int | Exception]:
        if 13 in items:
            raise OSError("the database is away")
        return doubled(items)

    gate = Gate(fussy)
    joiner = Joiner(gate)
    answers = call_all(joiner, gate, [1, 13, 2])
    assert answers[0] == 2
    assert [str(answer) for answer in answers[1:]] == ["the database is away"] * 2
    assert joiner(5) == 10


def test_a_handler_that_forgets_an_answer_leaves_nobody_waiting() -> None:
    gate = Gate(lambda items: doubled(items)[: 1 if len(items) == 1 else -1])
    joiner = Joiner(gate)
    answers = call_all(joiner, gate, [1, 2, 3])
    assert answers[0] == 2
    assert all(isinstance(answer, ValueError) for answer in answers[1:])
    assert joiner(5) == 10


def test_an_interrupt_reaches_its_thread_and_frees_the_others() -> None:
    def interrupted(items: Sequence[int]) -> list[int | Exception]:
        if len(items) > 1:
            raise KeyboardInterrupt
        return doubled(items)

    gate = Gate(interrupted)
    joiner = Joiner(gate)
    answers = call_all(joiner, gate, [1, 2, 3])
    assert answers[0] == 2
    assert sorted(type(answer).__name__ for answer in answers[1:]) == ["BrokenOff", "KeyboardInterrupt"]
    assert issubclass(BrokenOff, Exception)
    assert joiner(5) == 10


@pytest.mark.parametrize("callers", [1, 8, 50])
def test_many_callers_many_times_each_get_their_own(callers: int) -> None:
    seen: list[int] = []

    def handle(items: Sequence[int]) -> list[int | Exception]:
        seen.extend(items)
        return doubled(items)

    joiner = Joiner(handle)

    def work(first: int) -> bool:
        return all(joiner(number) == 2 * number for number in range(first, first + 100))

    with ThreadPoolExecutor(callers) as pool:
        assert all(pool.map(work, range(0, callers * 100, 100)))
    assert sorted(seen) == list(range(callers * 100))
