"""The one table of moves, and what becomes of a job when its tasks move."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import pytest
from flamenco_common.states import (
    FINISHED_JOBS,
    FINISHED_TASKS,
    JOB_MOVES,
    RUN_MOVES,
    TASK_MOVES,
    WORKER_MOVES,
    IllegalMove,
    JobState,
    RunStatus,
    State,
    TaskStatus,
    WorkerState,
    check_move,
    roll_up,
)
from hypothesis import given
from hypothesis import strategies as st

W, Q, P, C, F, X = (
    TaskStatus.WAITING,
    TaskStatus.QUEUED,
    TaskStatus.PROCESSING,
    TaskStatus.COMPLETED,
    TaskStatus.FAILED,
    TaskStatus.CANCELED,
)
counts_of_tasks = st.dictionaries(st.sampled_from(TaskStatus), st.integers(0, 5))


@pytest.mark.parametrize("kind", [TaskStatus, JobState, RunStatus, WorkerState])
def test_the_table_knows_every_state_and_no_move_to_itself(kind: type) -> None:
    tables: dict[type, Mapping[State, frozenset[State]]] = {
        TaskStatus: TASK_MOVES, JobState: JOB_MOVES, RunStatus: RUN_MOVES, WorkerState: WORKER_MOVES,
    }  # type: ignore[dict-item]  # fmt: skip
    table = tables[kind]
    assert set(table) == set(kind)  # type: ignore[call-overload]
    assert all(state not in moves for state, moves in table.items())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (W, Q), (Q, P), (P, C), (P, F), (P, Q), (P, X), (C, Q), (F, Q), (X, W),
        (JobState.QUEUED, JobState.PROCESSING), (JobState.PROCESSING, JobState.COMPLETED),
        (JobState.COMPLETED, JobState.QUEUED), (RunStatus.PROCESSING, RunStatus.LOST),
        (WorkerState.OFFLINE, WorkerState.AWAKE),
    ],
)  # fmt: skip
def test_legal_moves(old: State, new: State) -> None:
    check_move(old, new)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (W, P), (W, C), (Q, C), (C, F), (C, P), (F, C), (X, C),
        (JobState.COMPLETED, JobState.FAILED), (JobState.CANCELED, JobState.PAUSED),
        (RunStatus.LOST, RunStatus.COMPLETED), (RunStatus.COMPLETED, RunStatus.PROCESSING),
    ],
)  # fmt: skip
def test_illegal_moves_say_what_cannot_be(old: State, new: State) -> None:
    with pytest.raises(IllegalMove, match=f"that is {old.value} cannot become {new.value}"):
        check_move(old, new)


def test_nothing_leaves_a_finished_run() -> None:
    for old, new in itertools.product(set(RunStatus) - {RunStatus.PROCESSING}, RunStatus):
        with pytest.raises(IllegalMove):
            check_move(old, new)


@pytest.mark.parametrize(
    ("what", "before", "after", "job", "becomes"),
    [
        ("the first task starts", {Q: 3}, {Q: 2, P: 1}, "queued", "processing"),
        ("a task fails and is tried again", {P: 1, Q: 2}, {Q: 3}, "processing", "queued"),
        ("a task completes, others wait", {P: 1, Q: 1}, {C: 1, Q: 1}, "processing", "processing"),
        ("the last task completes", {C: 2, P: 1}, {C: 3}, "processing", "completed"),
        ("the last task fails, the others are completed", {C: 2, P: 1}, {C: 2, F: 1}, "processing", "failed"),
        ("a task fails for good, others can run", {P: 1, Q: 2}, {F: 1, Q: 2}, "processing", "processing"),
        ("a task fails, and what waits for it never runs", {P: 1, W: 1}, {F: 1, W: 1}, "processing", "failed"),
        ("the last task is canceled", {C: 1, P: 1}, {C: 1, X: 1}, "processing", "canceled"),
        ("one failed, one canceled", {F: 1, P: 1}, {F: 1, X: 1}, "processing", "failed"),
        ("a paused job's running task completes", {P: 1, Q: 2}, {C: 1, Q: 2}, "paused", "paused"),
        ("a paused job's last task completes", {P: 1}, {C: 1}, "paused", "completed"),
        ("a canceled job's task is reported late", {X: 2, P: 1}, {X: 3}, "canceled", "canceled"),
        ("a completed job's frames are requeued", {C: 3}, {C: 1, Q: 2}, "completed", "processing"),
        ("all of a completed job is requeued", {C: 3}, {Q: 3}, "completed", "queued"),
        ("a failed task is requeued", {C: 2, F: 1}, {C: 2, Q: 1}, "failed", "processing"),
        ("only what waits is left", {W: 2}, {W: 2}, "queued", "queued"),
    ],
)  # fmt: skip
def test_when_a_task_moves_its_job_follows(
    what: str, before: dict[TaskStatus, int], after: dict[TaskStatus, int], job: str, becomes: str
) -> None:
    assert sum(before.values()) == sum(after.values()), what
    assert roll_up(JobState(job), after) is JobState(becomes), what


@given(st.sampled_from(JobState), counts_of_tasks)
def test_a_roll_up_is_settled_and_a_legal_move(state: JobState, counts: dict[TaskStatus, int]) -> None:
    rolled = roll_up(state, counts)
    assert roll_up(rolled, counts) is rolled
    unfinished = state not in FINISHED_JOBS
    if rolled is not state and unfinished:
        check_move(state, rolled)


@given(st.sampled_from([JobState.QUEUED, JobState.PROCESSING]), counts_of_tasks)
def test_an_active_job_ends_when_nothing_more_can_run(state: JobState, counts: dict[TaskStatus, int]) -> None:
    live = counts.get(Q, 0) + counts.get(P, 0)
    rolled = roll_up(state, counts)
    if live:
        assert rolled in (JobState.QUEUED, JobState.PROCESSING)
    elif counts.get(F, 0):
        assert rolled is JobState.FAILED
    elif sum(counts.values()) == counts.get(C, 0):
        assert rolled is JobState.COMPLETED


def test_words_of_the_farm_are_spelled_as_the_protocol_says() -> None:
    assert [status.value for status in TaskStatus] == [
        "waiting", "queued", "processing", "completed", "failed", "canceled",
    ]  # fmt: skip
    assert {TaskStatus.COMPLETED, TaskStatus.FAILED, TaskStatus.CANCELED} == FINISHED_TASKS
