"""`flamenco up`: the whole farm by one command, found by `flamenco submit` beside it, and gone without a trace."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from pictures import frame_count
from processes import free_port, until
from scenes import BLENDERS, blend
from whole_farm import FLAMENCO

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(300)]


class Up:
    """A running `flamenco up` of a person whose home is `home`."""

    def __init__(self, home: Path, *options: str) -> None:
        self.home = home
        self.data = home / "farm"
        self.environment = {
            **os.environ,
            "HOME": str(home),
            "XDG_STATE_HOME": str(home / "state"),
            "XDG_CONFIG_HOME": str(home / "config"),
        }
        self.ports = [str(free_port()) for _ in range(4)]
        command = [*FLAMENCO, "up", "--data-dir", str(self.data), *self.port_options, *options]
        with (home / "up.log").open("wb") as log:
            self.process = subprocess.Popen(command, env=self.environment, stdin=subprocess.DEVNULL, stderr=log)

    @property
    def port_options(self) -> list[str]:
        """The ports that it listens on."""
        names = ("--port", "--manager-port", "--events-port", "--dashboard-port")
        return [each for pair in zip(names, self.ports, strict=True) for each in pair]

    def state(self) -> dict[str, Any]:
        """Where everything is, once it runs."""

        def written() -> str:
            assert self.process.poll() is None, self.said()
            file = self.data / "farm.json"
            return file.read_text() if file.exists() else ""

        return dict(json.loads(until(written, 120, "the farm runs")))

    def said(self) -> str:
        """What it told its person."""
        return (self.home / "up.log").read_text()

    def flamenco(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Another terminal of the same person."""
        return subprocess.run(
            [*FLAMENCO, *arguments], env=self.environment, capture_output=True, text=True, check=False
        )

    def processes(self) -> list[psutil.Process]:
        """All its processes that live."""
        found = []
        for each in psutil.process_iter():
            try:
                if str(self.home) in str(each.environ()) and each.pid != os.getpid():
                    found.append(each)
            except psutil.Error:
                continue
        return found


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    """A farm with one worker."""
    made = Up(tmp_path, "--no-find-blenders", "--blender", BLENDERS["4.5"])
    yield made
    if made.process.poll() is None:
        made.process.send_signal(signal.SIGINT)
        made.process.wait(60)
    left = made.processes()
    for each in left:
        each.kill()
    assert not left


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
