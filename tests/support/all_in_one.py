"""The all-in-one, run as a person runs it: `flamenco up` in a home of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from processes import free_port, until
from whole_farm import FLAMENCO


class Up:
    """A running `flamenco up` of a person whose home is `home`."""

    def __init__(self, home: Path, *options: str, **environment: str) -> None:
        self.home = home
        self.data = home / "farm"
        self.environment = {
            **os.environ,
            "HOME": str(home),
            "XDG_STATE_HOME": str(home / "state"),
            "XDG_CONFIG_HOME": str(home / "config"),
            **environment,
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


@contextmanager
def all_in_one(home: Path, *options: str, **environment: str) -> Iterator[Up]:
    """A running one; fails at the end if it leaves a process."""
    made = Up(home, *options, **environment)
    try:
        yield made
    finally:
        if made.process.poll() is None:
            made.process.send_signal(signal.SIGINT)
            made.process.wait(60)
        left = made.processes()
        for each in left:
            each.kill()
    assert not left
