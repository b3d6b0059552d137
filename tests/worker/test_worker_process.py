"""Whole worker processes: killed, stopped, on a full disk, with programs that will not go away."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from fake_manager import ENROLMENT, FakeManager
from flamenco_common.documents import WorkerOrders
from flamenco_common.states import RunStatus
from processes import until
from worker_parts import COPY

pytestmark = pytest.mark.real
PYTHON = sys.executable
DEAF = "import os, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('pid', os.getpid(), flush=True); time.sleep(120)"


def program(source: str) -> dict[str, Any]:
    """An `exec` command that runs a Python program."""
    return {"command": "exec", "program": PYTHON, "arguments": ["-c", source]}


class Node:
    """A worker process that can be started and killed."""

    def __init__(self, folder: Path, manager: FakeManager) -> None:
        self.folder, self.manager = folder, manager
        self.process: subprocess.Popen[bytes] | None = None
        self._log = (folder / "log").open("ab")

    def start(self, *prefix: str) -> None:
        """Start it, perhaps inside another command."""
        settings = {
            "MANAGER_URL": self.manager.address, "ENROLMENT": ENROLMENT, "DATA_DIR": str(self.folder / "data"),
            "WORK_DIR": str(self.folder / "work"), "FIND_BLENDERS": "false", "EXEC_ALLOWED": PYTHON, "STOP_SECONDS": "0.5",
            "SIGN_OF_LIFE_SECONDS": "0.5",
        }  # fmt: skip
        environment = {**os.environ, **{f"FLAMENCO_WORKER_{name}": value for name, value in settings.items()}}
        command = [*prefix, PYTHON, "-m", "flamenco_worker"]
        self.process = subprocess.Popen(command, env=environment, stdout=self._log, stderr=self._log)

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send it a signal and wait until it is gone; returns its exit code."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(30)

    def close(self) -> None:
        """Leave nothing behind."""
        if self.process is not None and self.process.poll() is None:
            self.end(signal.SIGKILL)
        self._log.close()

    def said(self) -> str:
        """What it printed."""
        return (self.folder / "log").read_text()


@pytest.fixture
def node(tmp_path: Path, manager: FakeManager) -> Iterator[Node]:
    """A worker process that is not started yet."""
    made = Node(tmp_path, manager)
    yield made
    made.close()


def pid_in(manager: FakeManager, run: str) -> int:
    """The process id that a run's program printed last."""
    until(lambda: "pid" in manager.log(run), 20, "the program runs")
    return int(manager.log(run).split("pid")[-1].split()[0])


def gone(pid: int) -> bool:
    """Whether a process is no more."""
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_killed_with_its_task_it_gets_the_same_one_again_and_tells_what_it_had_not_told(
    node: Node, manager: FakeManager
) -> None:
    flag = node.folder / "flag"
    waiting = f"while not pathlib.Path({str(flag)!r}).exists(): time.sleep(0.05)"
    source = f"import os, time, pathlib\nprint('pid', os.getpid(), flush=True)\n{waiting}"
    run = manager.give(program(source), COPY, files={"a.txt": b"x"})
    node.start()
    first = pid_in(manager, run)
    before = manager.of(run)[-1].seq
    node.end(signal.SIGKILL)
    until(lambda: gone(first), 5, "its program died with it")
    flag.touch()
    node.start()
    assert manager.wait_for(run, 30).status is RunStatus.COMPLETED
    assert manager.outputs(run) == {"copies/a.txt": b"x"}
    numbers = [each.seq for each in manager.of(run)]
    assert numbers == sorted(set(numbers))
    assert numbers[-1] > before
    assert len({each.identity for each in manager.registered}) == 1


def test_killed_while_the_manager_was_away_it_tells_everything_later(node: Node, manager: FakeManager) -> None:
    run = manager.give(program("print('pid', 1, flush=True); import time; time.sleep(1)"), COPY, files={"a.txt": b"x"})
    node.start()
    pid_in(manager, run)
    manager.stop()
    final = node.folder / "work" / "jobs" / "1" / "output" / "copies" / "a.txt"
    until(final.exists, 20, "the work is done")
    outbox = node.folder / "data" / "outbox.sqlite-wal"
    until(lambda: b'"completed"' in outbox.read_bytes(), 20, "its end is written down")
    node.end(signal.SIGKILL)
    manager.start()
    node.start()
    assert manager.wait_for(run, 30).status is RunStatus.COMPLETED
    assert manager.outputs(run) == {"copies/a.txt": b"x"}
    assert manager.log(run).count("pid") == 1, "it did not run again"


def test_told_to_stop_it_kills_even_a_program_that_is_deaf_and_signs_off(node: Node, manager: FakeManager) -> None:
    run = manager.give(program(DEAF))
    node.start()
    pid = pid_in(manager, run)
    assert node.end(signal.SIGTERM) == 0
    assert gone(pid)
    assert manager.calls[-1] == "POST /offline"
    assert not manager.ended(run)
    assert "Traceback" not in node.said()


def test_a_run_that_was_taken_away_is_killed_with_its_grandchildren(node: Node, manager: FakeManager) -> None:
    source = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {DEAF!r}])"
    run = manager.give(program(source))
    node.start()
    pid = pid_in(manager, run)
    manager.refused.add(run)
    until(lambda: gone(pid), 10, "the grandchild is gone")
    after = manager.give(COPY, files={"a.txt": b"x"})
    assert manager.wait_for(after).status is RunStatus.COMPLETED


def test_an_endless_talker_harms_neither_worker_nor_manager(node: Node, manager: FakeManager) -> None:
    run = manager.give(program("while True: print('x' * 100)"), timeout_seconds=2)
    node.start()
    ended = manager.wait_for(run, 40)
    assert ended.status is RunStatus.FAILED
    assert "lines came faster than they could be told" in manager.log(run)
    assert node.process is not None
    assert psutil.Process(node.process.pid).memory_info().rss < 600_000_000


def test_told_to_restart_it_becomes_a_fresh_process_of_the_same_worker(node: Node, manager: FakeManager) -> None:
    node.start()
    until(lambda: manager.asked, 20, "it asks for work")
    manager.orders = WorkerOrders(state="restart", wait=0.05)
    until(lambda: "POST /offline" in manager.calls, 20, "it signed off")
    manager.orders = WorkerOrders(wait=0.05)
    until(lambda: len(manager.registered) == 2, 20, "it signed in again")
    run = manager.give(COPY, files={"a.txt": b"x"})
    assert manager.wait_for(run).status is RunStatus.COMPLETED
    assert node.process is not None
    assert node.process.poll() is None


def test_a_task_whose_files_do_not_fit_on_the_disk_is_given_back(node: Node, manager: FakeManager) -> None:
    work = node.folder / "work"
    work.mkdir()
    small = 'mount -t tmpfs -o size=3m none "$0" && exec "$@"'
    too_much = manager.give(COPY, files={"a.txt": os.urandom(5_000_000)})
    node.start("unshare", "--map-root-user", "--mount", "sh", "-c", small, str(work))
    ended = manager.wait_for(too_much, 30)
    assert (ended.status, ended.reason) == (
        RunStatus.LOST, "the job's files cannot be laid out: No space left on device",
    )  # fmt: skip
    fits = manager.give(COPY, files={"a.txt": b"x"}, job=2)
    assert manager.wait_for(fits).status is RunStatus.COMPLETED
    fills = manager.give(
        {"command": "files.copy", "inputs": {"paths": ["{job}/b.bin"]}, "target": "{output}"},
        {"command": "files.copy", "inputs": {"paths": ["{job}/b.bin"]}, "target": "{output}/again"},
        files={"b.bin": os.urandom(1_300_000)},
        job=3,
    )
    assert manager.wait_for(fills).status is RunStatus.LOST


def test_what_it_logged_before_it_was_killed_comes_with_its_next_life(node: Node, manager: FakeManager) -> None:
    run = manager.give(program(DEAF))
    node.start()
    pid_in(manager, run)
    node.end(signal.SIGKILL)
    node.start()
    until(lambda: b"did not end by itself last time" in manager.own_log, 30, "the manager has it")
    told = manager.own_log.decode()
    assert told.index("signed in") < told.index(f"begins run {run}") < told.index("did not end by itself")
    assert node.end(signal.SIGTERM) == 0
    assert "signs off" in manager.own_log.decode().splitlines()[-1]
    assert manager.own_log == b"".join(
        file.read_bytes() for file in sorted((node.folder / "data" / "log").glob("*.log"))
    )


def test_a_worker_that_is_refused_keeps_the_reason(node: Node, manager: FakeManager) -> None:
    manager.faults.status = 403
    node.start()
    assert node.process is not None
    assert node.process.wait(30) == 2
    kept = "".join(file.read_text() for file in (node.folder / "data" / "log").glob("*.log"))
    assert "ERROR the worker ends: the manager refuses this worker" in kept
    assert "Traceback" not in kept
