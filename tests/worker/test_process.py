"""Programs that misbehave: deaf to signals, endlessly talking, leaving children behind. Nothing of them stays."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import psutil
import pytest
from flamenco_worker.errors import Cancelled, MachineFault
from flamenco_worker.execute.process import Process, ask
from processes import until

pytestmark = pytest.mark.real


class Lines:
    """What a program printed."""

    def __init__(self) -> None:
        self.all: list[str] = []

    def __call__(self, line: str) -> None:
        self.all.append(line)

    def wait_for(self, line: str) -> None:
        """Wait until it printed that line."""
        until(lambda: line in self.all, 10, f"the program says {line}")


def start(program: str, lines: Lines, *arguments: str, **more: object) -> Process:
    """Start a Python program."""
    return Process([sys.executable, "-u", "-c", textwrap.dedent(program), *arguments], lines, **more)  # type: ignore[arg-type]


def gone(pid: int) -> bool:
    """Whether a process is no more, or only waits to be buried."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


DEAF = """
    import signal, time
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print("deaf")
    time.sleep(120)
"""


def test_lines_of_both_outputs_and_the_exit_code_arrive() -> None:
    lines = Lines()
    process = start(
        "import sys; print('out'); print('err', file=sys.stderr); print('no end', end=''); sys.exit(7)", lines
    )
    outcome = process.wait(threading.Event())
    assert (outcome.exit_code, outcome.said) == (7, "exit code 7")
    assert sorted(lines.all) == ["err", "no end", "out"]


def test_memory_is_measured_with_the_children_in_it() -> None:
    program = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'x = bytearray(200_000_000); import time; time.sleep(0.6)'])"
    outcome = start(program, Lines()).wait(threading.Event())
    assert 180 < outcome.peak_memory_mb < 600


def test_a_program_that_is_asked_to_stop_may_tidy_up() -> None:
    lines, cancelled = Lines(), threading.Event()
    program = """
        import signal, sys, time
        signal.signal(signal.SIGTERM, lambda *_: (print("tidied"), sys.exit(0)))
        print("ready")
        time.sleep(120)
    """
    process = start(program, lines)
    lines.wait_for("ready")
    cancelled.set()
    with pytest.raises(Cancelled):
        process.wait(cancelled, 10)
    lines.wait_for("tidied")


def test_a_program_that_is_deaf_to_signals_is_killed_after_its_time() -> None:
    lines, cancelled = Lines(), threading.Event()
    process = start(DEAF, lines)
    lines.wait_for("deaf")
    cancelled.set()
    began = time.monotonic()
    with pytest.raises(Cancelled):
        process.wait(cancelled, 0.5)
    assert 0.4 < time.monotonic() - began < 5
    assert gone(process.pid)


def test_a_program_that_takes_too_long_is_stopped() -> None:
    process = start(DEAF, Lines())
    with pytest.raises(Cancelled):
        process.wait(threading.Event(), 0.1, timeout=0.5)
    assert gone(process.pid)


def test_an_endless_talker_is_stopped_all_the_same() -> None:
    lines, cancelled = Lines(), threading.Event()
    process = start("while True: print('x' * 200)", lines)
    until(lambda: len(lines.all) > 1000, 10, "it talks")
    cancelled.set()
    with pytest.raises(Cancelled):
        process.wait(cancelled, 1)
    assert gone(process.pid)


def test_a_line_without_end_comes_in_pieces() -> None:
    lines = Lines()
    start("import sys; sys.stdout.write('y' * 300_000)", lines).wait(threading.Event())
    assert sum(map(len, lines.all)) == 300_000
    assert max(map(len, lines.all)) <= 65536


FAMILY = """
    import subprocess, sys, time
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(120)"
    own = subprocess.Popen([sys.executable, "-c", deaf])
    apart = subprocess.Popen([sys.executable, "-c", deaf], start_new_session=True)
    print(own.pid)
    print(apart.pid)
    print("ready")
    time.sleep(120)
"""


def test_children_die_with_the_program_even_in_sessions_of_their_own() -> None:
    lines, cancelled = Lines(), threading.Event()
    process = start(FAMILY, lines)
    lines.wait_for("ready")
    own, apart = int(lines.all[0]), int(lines.all[1])
    cancelled.set()
    with pytest.raises(Cancelled):
        process.wait(cancelled, 0.5)
    until(lambda: gone(own) and gone(apart) and gone(process.pid), 5, "the family is gone")


def test_a_program_that_ends_and_leaves_a_child_behind_does_not_hold_us_up() -> None:
    lines = Lines()
    program = """
        import subprocess, sys
        print(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(120)"]).pid)
    """
    began = time.monotonic()
    outcome = start(program, lines).wait(threading.Event())
    assert outcome.exit_code == 0
    assert time.monotonic() - began < 10
    until(lambda: gone(int(lines.all[0])), 5, "the child is gone")


def test_a_signal_is_told_by_its_name() -> None:
    outcome = start("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", Lines()).wait(threading.Event())
    assert (outcome.exit_code, outcome.said) == (-signal.SIGSEGV, "signal SIGSEGV")


def test_a_program_dies_with_its_worker_however_that_dies(tmp_path: Path) -> None:
    parent = f"""
        import sys, threading
        sys.path[:0] = {sys.path!r}
        from flamenco_worker.execute.process import Process
        process = Process([sys.executable, "-c", "import time; time.sleep(120)"], print)
        print(process.pid, flush=True)
        process.wait(threading.Event())
    """
    worker = subprocess.Popen([sys.executable, "-c", textwrap.dedent(parent)], stdout=subprocess.PIPE, text=True)
    assert worker.stdout is not None
    pid = int(worker.stdout.readline())
    assert not gone(pid)
    worker.kill()
    worker.wait()
    worker.stdout.close()
    until(lambda: gone(pid), 5, "the program is gone")


def test_what_cannot_be_started_is_the_machines_fault() -> None:
    with pytest.raises(MachineFault, match="cannot be started"):
        Process(["/no/such/program"], print).wait(threading.Event())


def test_it_is_fed_what_it_reads_and_told_when_there_is_no_more() -> None:
    lines = Lines()
    process = start("import sys; print(len(sys.stdin.buffer.read()))", lines, feeds=True)
    assert process.feed(b"x" * 1_000_000)
    process.close_input()
    assert process.wait(threading.Event()).exit_code == 0
    assert lines.all == ["1000000"]


def test_feeding_a_program_that_ended_is_no_error() -> None:
    process = start("pass", Lines(), feeds=True)
    process.wait(threading.Event())
    assert not process.feed(b"x" * 1_000_000)


def test_asking_a_program_gives_what_it_printed_or_nothing() -> None:
    assert ask([sys.executable, "-c", "print('me')"]).strip() == "me"
    assert ask(["/no/such/program"]) == ""
    assert ask([sys.executable, "-c", "import time; time.sleep(60)"], seconds=0.3) == ""


def test_our_own_environment_and_folder_reach_it(tmp_path: Path) -> None:
    lines = Lines()
    program = "import os; print(os.environ['OURS']); print(os.getcwd())"
    start(program, lines, environment={"OURS": "yes"}, folder=tmp_path).wait(threading.Event())
    assert lines.all == ["yes", os.path.realpath(tmp_path)]
