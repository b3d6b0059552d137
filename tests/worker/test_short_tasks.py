"""A task of a fraction of a second costs its manager few calls."""

from __future__ import annotations

import threading

import pytest
from fake_manager import FakeManager
from flamenco_common.commands import Exec
from flamenco_common.states import RunStatus
from flamenco_worker.commands.base import CommandContext, Made
from flamenco_worker.commands.registry import HANDLERS
from processes import until
from worker_parts import WAIT_AT_GATE, Workers


@pytest.fixture(autouse=True)
def write(monkeypatch: pytest.MonkeyPatch) -> None:
    """All `exec` commands write a file named like their run, of the same bytes each."""

    def written(command: Exec, context: CommandContext) -> None:
        file = context.scratch / "file"
        file.write_bytes(b"of a short task")
        context.reporter.output(Made(file, context.assignment.run_id, kind="file"))

    monkeypatch.setitem(HANDLERS, Exec, written)  # type: ignore[arg-type]


def test_the_output_of_a_short_task_is_told_together_with_its_end(manager: FakeManager, start_worker: Workers) -> None:
    manager.faults.slow_puts = threading.Event()
    run = manager.give(WAIT_AT_GATE)
    uploader = start_worker().worker._uploader
    until(lambda: manager.calls.count("POST /files/missing") == 1, 10, "the output is on its way")
    until(lambda: not uploader._queue.empty(), 10, "the task is over meanwhile")
    manager.faults.slow_puts.set()
    last = manager.wait_for(run)
    assert (last.status, [each.path for each in last.outputs]) == (RunStatus.COMPLETED, [run])


def test_what_is_at_the_site_is_neither_asked_for_nor_sent_again(manager: FakeManager, start_worker: Workers) -> None:
    runs = [manager.give(WAIT_AT_GATE) for _ in range(3)]
    start_worker()
    for run in runs:
        assert manager.wait_for(run).status is RunStatus.COMPLETED
        assert manager.outputs(run) == {run: b"of a short task"}
    assert manager.calls.count("POST /files/missing") == 1
    assert sum(call.startswith("PUT ") for call in manager.calls) == 1
