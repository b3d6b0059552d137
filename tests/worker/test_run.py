"""A run's news: when they are told, in what pieces, and which word on its end counts."""

from __future__ import annotations

from pathlib import Path
from queue import SimpleQueue

import pytest
from flamenco_common.documents import Assignment, FrameTiming, OutputFile
from flamenco_common.states import RunStatus
from flamenco_worker import run as module
from flamenco_worker.board import Board
from flamenco_worker.outbox import Parcel
from flamenco_worker.run import Run

ASSIGNMENT = Assignment(1, "run-1", 1, "step", "job", "type", [], "/job", "/output")
ALWAYS = 0.0
NEVER = 1e9


class Clock:
    """A monotonic clock that a test moves."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr(module.time, "monotonic", lambda: self.now)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of runs."""
    return Clock(monkeypatch)


def new_run(run_id: str = "run-1", job: int = 1, after: int = 0, begun: bool = True) -> Run:
    """A run that is executed now."""
    assignment = Assignment(1, run_id, job, "step", "job", "type", [], "/job", "/output")
    made = Run(assignment, Path("/scratch"), SimpleQueue(), after)
    if begun:
        made.preparing, made.started = False, module.time.monotonic()
    return made


def test_numbers_grow_even_over_a_clock_that_is_set_back() -> None:
    run = new_run(after=10**15)
    taken = [run.take(final=False, sign_of_life=ALWAYS) for _ in range(3)]
    assert [update.seq for update, _ in taken if update] == [10**15 + 1, 10**15 + 2, 10**15 + 3]  # type: ignore[misc]


def test_an_output_is_told_at_once_other_news_wait_a_little(clock: Clock) -> None:
    run = new_run()
    run.take(final=False, sign_of_life=ALWAYS)
    run.log("line")
    clock.now += 1
    assert run.take(final=False, sign_of_life=5) is None
    run.record(OutputFile("a.png", "f" * 64, 1), [Parcel("f" * 64, "/a")])
    taken = run.take(final=False, sign_of_life=5)
    assert taken is not None
    assert (taken[0].log, len(taken[0].outputs), taken[1]) == ("line\n", 1, [Parcel("f" * 64, "/a")])


def test_while_somebody_reads_the_log_it_comes_sooner(clock: Clock) -> None:
    run = new_run()
    run.take(final=False, sign_of_life=ALWAYS)
    run.log("line")
    run.watched = True
    clock.now += 0.6
    assert run.take(final=False, sign_of_life=5) is not None


def test_a_sign_of_life_comes_without_any_news(clock: Clock) -> None:
    run = new_run()
    run.take(final=False, sign_of_life=ALWAYS)
    clock.now += 4.9
    assert run.take(final=False, sign_of_life=5) is None
    clock.now += 0.2
    assert run.take(final=False, sign_of_life=5) is not None


def test_one_that_is_fetched_ahead_speaks_only_if_its_files_take_long(clock: Clock) -> None:
    run = new_run(begun=False)
    assert run.take(final=False, sign_of_life=5) is None
    clock.now += 6
    assert run.take(final=False, sign_of_life=5) is not None
    quick = new_run(begun=False)
    quick.preparing = False
    clock.now += 60
    assert quick.take(final=False, sign_of_life=5) is None


def test_the_first_word_on_its_end_counts_and_stops_what_runs() -> None:
    run = new_run()
    run.settle(RunStatus.FAILED, "first")
    run.settle(RunStatus.COMPLETED)
    taken = run.take(final=True, sign_of_life=NEVER)
    assert taken is not None
    assert (taken[0].status, taken[0].reason) == (RunStatus.FAILED, "first")
    assert run.cancelled.is_set()
    assert run.take(final=True, sign_of_life=ALWAYS) is None


def test_the_status_comes_with_the_last_of_a_long_log() -> None:
    run = new_run()
    for _ in range(6):
        run.log("x" * 99_999)
    run.settle(RunStatus.COMPLETED)
    updates = []
    while taken := run.take(final=True, sign_of_life=NEVER):
        updates.append(taken[0])
    assert [update.status for update in updates] == [None, None, RunStatus.COMPLETED]
    assert sum(len(update.log) for update in updates) == 600_000


def test_a_talkative_command_does_not_fill_the_memory() -> None:
    run = new_run()
    for _ in range(10_000):
        run.log("x" * 999)
    run.settle(RunStatus.COMPLETED)
    text = ""
    while taken := run.take(final=True, sign_of_life=NEVER):
        text += taken[0].log
    assert len(text) < 2_100_000
    lines = text.splitlines()
    assert lines[-1] == f"… {10_000 - (len(lines) - 1)} lines came faster than they could be told …"


def test_a_dropped_run_tells_no_more() -> None:
    run = new_run()
    run.log("line")
    run.drop()
    assert run.take(final=True, sign_of_life=ALWAYS) is None


def test_progress_stays_between_0_and_1_and_times_are_told() -> None:
    run = new_run()
    run.progress(1.7, "rendering")
    run.timing(FrameTiming(1, 2.0, 1.5))
    run.memory(100)
    run.memory(50)
    taken = run.take(final=False, sign_of_life=ALWAYS)
    assert taken is not None
    update = taken[0]
    assert (update.progress, update.activity, update.peak_memory_mb) == (1.0, "rendering", 100)
    assert update.timings == [FrameTiming(1, 2.0, 1.5)]


# ---- the board ----


def executing(board: Board, run: Run) -> Run:
    """Take a run on and begin it."""
    board.hold(run)
    board.ready(run)
    assert board.next(0) is run
    run.started = module.time.monotonic()
    return run


def test_a_task_is_wanted_at_first_and_again_shortly_before_the_current_one_ends(clock: Clock) -> None:
    board = Board()
    assert board.wait_for_want(0)
    run = executing(board, new_run())
    assert not board.wait_for_want(0), "nobody knows how long it takes"
    clock.now += 10
    run.progress(0.5, "half")
    assert not board.wait_for_want(0)
    run.progress(0.9, "nearly")
    assert board.wait_for_want(0)


def test_what_such_tasks_usually_take_is_remembered_by_job_and_step(clock: Clock) -> None:
    board = Board()
    run = executing(board, new_run())
    board.executed(run, 20)
    board.release(run.run_id)
    executing(board, new_run("run-2"))
    assert not board.wait_for_want(0)
    clock.now += 19
    assert board.wait_for_want(0)


def test_no_more_than_three_runs_are_held(clock: Clock) -> None:
    board = Board()
    for number in range(3):
        run = executing(board, new_run(f"run-{number}"))
        board.executed(run, 1)
    assert not board.wait_for_want(0)
    board.release("run-0")
    assert board.wait_for_want(0)


def test_a_run_that_was_stopped_while_it_waited_is_passed_over() -> None:
    board = Board()
    first, second = new_run("run-1"), new_run("run-2")
    for run in (first, second):
        board.hold(run)
        board.ready(run)
    first.settle(RunStatus.LOST, "now")
    assert board.next(0) is second


def test_stopping_drops_what_runs_but_not_what_is_only_checked() -> None:
    board = Board()
    checked = executing(board, new_run("run-1"))
    checked.finish()
    board.executed(checked, 1)
    running = executing(board, new_run("run-2"))
    board.stop()
    assert running.cancelled.is_set()
    assert not checked.cancelled.is_set()
    assert board.next(0) is None


def test_jobs_in_use_are_those_of_the_runs_that_are_held() -> None:
    board = Board()
    board.hold(new_run("run-1", job=4))
    board.hold(new_run("run-2", job=9))
    assert board.jobs() == {4, 9}
