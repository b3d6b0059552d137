"""Logs come from their managers while somebody reads them."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from flamenco_cli import logs as verb
from flamenco_here import Command
from render_jobs import render
from served_farm import Served


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """The log is asked for often."""
    monkeypatch.setattr(verb, "PAUSE", 0.03)


def begin(served: Served, lease: str) -> dict[str, Any]:
    """A run that has begun."""
    served.worker()
    task = served.claim(lease)
    assert task is not None
    served.report(task, 1, progress=0.1)
    served.farm.clock.now += 1
    return task


def test_logs_are_read_run_by_run(served: Served, flamenco: Command) -> None:
    job = render(served, "1-2")
    assert flamenco("logs", job).out == "There are no runs.\n"
    first, second = begin(served, "a"), begin(served, "b")
    texts = {first["run_id"]: "Fra:1 ü\nEND\n", second["run_id"]: "Fra:2\nEND\n"}
    for task in (first, second):
        served.report(task, 2, status="completed")
    with served.manager_sends(texts):
        said = flamenco("logs", job)
        assert said.out.count("── run") == 2
        assert said.out.index("Fra:1 ü\n") < said.out.index("Fra:2\n")
        assert flamenco("logs", job, "--run", second["run_id"]).out.endswith("Fra:2\nEND\n")
        assert "Fra:1" not in flamenco("logs", job, "--task", second["task_id"]).out
        assert flamenco("logs", job, "--json").json == [{"run": run, "text": text} for run, text in texts.items()]
    assert flamenco("logs", job, "--run", "nothing").mistake() == f"job {job} has no run nothing"


def test_a_log_that_the_manager_has_not_sent_is_not_waited_for_for_ever(served: Served, flamenco: Command) -> None:
    job = render(served, "1")
    begin(served, "a")
    said = flamenco("logs", job)
    assert said.code == 0
    assert said.err == "(the manager has not sent more of this log yet)\n"


def test_following_goes_on_until_the_job_ends(served: Served, flamenco: Command) -> None:
    job = render(served, "1-2")
    texts: dict[str, str] = {}

    def work() -> None:
        for number in (1, 2):
            task = begin(served, f"lease {number}")
            texts[task["run_id"]] = f"begin {number}\n"
            served.report(task, 2, progress=0.5)
            texts[task["run_id"]] += f"end {number}\nEND\n"
            served.report(task, 3, status="completed")

    worker = threading.Thread(target=work)
    with served.manager_sends(texts):
        worker.start()
        said = flamenco("logs", "-f", job)
        worker.join(10)
    lines = [line for line in said.out.splitlines() if not line.startswith("──")]
    assert lines == ["begin 1", "end 1", "END", "begin 2", "end 2", "END"]
    assert served.client().job(job)["state"] == "completed"
