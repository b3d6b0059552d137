"""The states of tasks, jobs, runs and workers, and the legal moves between them.

This is the one table of moves of the farm. A component that changes a state asks `check_move` here and then
writes the change as a compare-and-set; nothing else writes a state.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import TypeVar


class TaskStatus(str, Enum):
    """The states of a task."""

    WAITING = "waiting"  # its step waits for another step
    QUEUED = "queued"  # ready to be handed to a worker
    PROCESSING = "processing"  # a run owns it
    COMPLETED = "completed"  # its outputs are recorded and whole
    FAILED = "failed"  # its retries are spent
    CANCELED = "canceled"  # somebody canceled it


class JobState(str, Enum):
    """The states of a job."""

    QUEUED = "queued"  # no task of it has started
    PROCESSING = "processing"  # at least one task has started and more are to come
    PAUSED = "paused"  # hands out no tasks; those that run may finish
    COMPLETED = "completed"  # every task is completed
    FAILED = "failed"  # nothing more can run, and at least one task failed
    CANCELED = "canceled"  # somebody canceled it


class RunStatus(str, Enum):
    """The states of a run, one attempt at a task by one worker."""

    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"  # the task's own fault; spends a retry
    LOST = "lost"  # the machine's fault: the lease ran out, the worker died; spends no retry
    CANCELED = "canceled"  # the task was canceled or taken away while it ran


class WorkerState(str, Enum):
    """The states of a worker."""

    AWAKE = "awake"  # asks for work
    ASLEEP = "asleep"  # told to sleep, or its schedule says so
    OFFLINE = "offline"  # signed off, or silent for too long
    ERROR = "error"  # set aside after too many failures


State = TypeVar("State", TaskStatus, JobState, RunStatus, WorkerState)

TASK_MOVES: Mapping[TaskStatus, frozenset[TaskStatus]] = {
    TaskStatus.WAITING: frozenset({TaskStatus.QUEUED, TaskStatus.CANCELED}),
    TaskStatus.QUEUED: frozenset({TaskStatus.PROCESSING, TaskStatus.CANCELED, TaskStatus.WAITING, TaskStatus.FAILED}),
    TaskStatus.PROCESSING: frozenset({TaskStatus.COMPLETED, TaskStatus.FAILED, TaskStatus.CANCELED, TaskStatus.QUEUED}),
    TaskStatus.COMPLETED: frozenset({TaskStatus.QUEUED, TaskStatus.WAITING}),
    TaskStatus.FAILED: frozenset({TaskStatus.QUEUED, TaskStatus.WAITING}),
    TaskStatus.CANCELED: frozenset({TaskStatus.QUEUED, TaskStatus.WAITING}),
}

JOB_MOVES: Mapping[JobState, frozenset[JobState]] = {
    JobState.QUEUED: frozenset(
        {JobState.PROCESSING, JobState.PAUSED, JobState.CANCELED, JobState.COMPLETED, JobState.FAILED}
    ),
    JobState.PROCESSING: frozenset(
        {JobState.QUEUED, JobState.PAUSED, JobState.COMPLETED, JobState.FAILED, JobState.CANCELED}
    ),
    JobState.PAUSED: frozenset(
        {JobState.QUEUED, JobState.PROCESSING, JobState.COMPLETED, JobState.FAILED, JobState.CANCELED}
    ),
    JobState.COMPLETED: frozenset({JobState.QUEUED, JobState.PROCESSING}),
    JobState.FAILED: frozenset({JobState.QUEUED, JobState.PROCESSING, JobState.CANCELED}),
    JobState.CANCELED: frozenset({JobState.QUEUED, JobState.PROCESSING}),
}

RUN_MOVES: Mapping[RunStatus, frozenset[RunStatus]] = {
    RunStatus.PROCESSING: frozenset({RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.LOST, RunStatus.CANCELED}),
    RunStatus.COMPLETED: frozenset(),
    RunStatus.FAILED: frozenset(),
    RunStatus.LOST: frozenset(),
    RunStatus.CANCELED: frozenset(),
}

WORKER_MOVES: Mapping[WorkerState, frozenset[WorkerState]] = {
    state: frozenset(WorkerState) - {state} for state in WorkerState
}

FINISHED_TASKS = frozenset({TaskStatus.COMPLETED, TaskStatus.FAILED, TaskStatus.CANCELED})
FINISHED_JOBS = frozenset({JobState.COMPLETED, JobState.FAILED, JobState.CANCELED})
ACTIVE_JOBS = frozenset({JobState.QUEUED, JobState.PROCESSING})


class IllegalMove(ValueError):
    """A state change that the table does not allow; its text is one sentence for people."""


def check_move(old: State, new: State) -> None:
    """Raise `IllegalMove` unless the table lets `old` become `new`."""
    table: Mapping[State, frozenset[State]]
    kind, table = _table(old)
    if new not in table[old]:
        raise IllegalMove(f"a {kind} that is {old.value} cannot become {new.value}")


def _table(state: State) -> tuple[str, Mapping[State, frozenset[State]]]:
    tables: dict[type, tuple[str, Mapping[State, frozenset[State]]]] = {
        TaskStatus: ("task", TASK_MOVES),  # type: ignore[dict-item]
        JobState: ("job", JOB_MOVES),  # type: ignore[dict-item]
        RunStatus: ("run", RUN_MOVES),  # type: ignore[dict-item]
        WorkerState: ("worker", WORKER_MOVES),  # type: ignore[dict-item]
    }
    return tables[type(state)]


def roll_up(current: JobState, counts: Mapping[TaskStatus, int]) -> JobState:
    """Return the state that a job in state `current` takes when its tasks are counted as `counts`.

    A paused or canceled job keeps its state until its tasks are all finished or it is moved by hand.
    """
    live = counts.get(TaskStatus.QUEUED, 0) + counts.get(TaskStatus.PROCESSING, 0)
    if live == 0:
        return _settled(current, counts)
    if current in (JobState.PAUSED, JobState.CANCELED):
        return current
    started = sum(count for status, count in counts.items() if status not in (TaskStatus.WAITING, TaskStatus.QUEUED))
    return JobState.PROCESSING if started else JobState.QUEUED


def _settled(current: JobState, counts: Mapping[TaskStatus, int]) -> JobState:
    """The state of a job of which nothing is queued or processing."""
    if current is JobState.CANCELED:
        return current
    if counts.get(TaskStatus.FAILED, 0):
        return JobState.FAILED
    if counts.get(TaskStatus.CANCELED, 0):
        return JobState.CANCELED
    if counts.get(TaskStatus.WAITING, 0):
        return current
    return JobState.COMPLETED
