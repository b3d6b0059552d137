"""`flamenco up`: the whole farm by one command, found by `flamenco submit` beside it, and gone without a trace."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from all_in_one import Up, all_in_one
from pictures import frame_count
from processes import until
from scenes import BLENDERS, blend

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    """A farm with one worker."""
    with all_in_one(tmp_path, "--no-find-blenders", "--blender", BLENDERS["4.5"]) as made:
        yield made


def test_a_job_from_another_terminal_and_an_end_without_a_trace(up: Up, tmp_path: Path) -> None:
    state = up.state()
    until(lambda: "Submit from another terminal" in up.said(), 20, "it says how to go on")
    result = tmp_path / "result"
    done = up.flamenco("submit", str(blend("small_cycles", "4.5")), "--to", str(result))
    assert done.returncode == 0, done.stderr
    assert len(list(result.glob("frames/*.png"))) == 4
    assert frame_count(result / "preview.mp4") == 4
    assert Path(state["token_file"]).stat().st_mode & 0o777 == 0o600
    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(60) == 0
    assert not up.processes()
    gone = up.flamenco("jobs")
    assert gone.returncode == 2
    assert "no farm is known here" in gone.stderr


def test_a_part_that_dies_is_started_again(up: Up) -> None:
    first = up.state()["pids"]["manager"]
    os.kill(first, signal.SIGKILL)
    until(lambda: "manager ended with signal SIGKILL and is started again" in up.said(), 30, "it tells of it")
    until(
        lambda: any("manager" in each.cmdline() for each in up.processes() if each.pid != first),
        30,
        "there is one again",
    )


def test_a_second_one_on_the_same_folder_or_port_is_refused(up: Up, tmp_path: Path) -> None:
    up.state()
    same_folder = up.flamenco("up", "--data-dir", str(up.data), "--port", "0")
    assert (same_folder.returncode, same_folder.stderr.count("\n")) == (2, 1)
    assert "another `flamenco up` runs on" in same_folder.stderr
    same_port = up.flamenco("up", "--data-dir", str(tmp_path / "other"), *up.port_options)
    assert same_port.returncode == 2
    assert f"port {up.ports[0]} is taken by another program; choose one with --port" in same_port.stderr


def test_nothing_outlives_it_when_it_is_killed(up: Up) -> None:
    up.state()
    up.process.kill()
    up.process.wait(10)
    until(lambda: not up.processes(), 30, "server, manager and worker end too")
