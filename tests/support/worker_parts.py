"""Parts of a worker for tests: commands without a farm, and a worker in a thread against the fake manager."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from fake_manager import ENROLMENT, FakeManager
from flamenco_common.abilities import Abilities
from flamenco_common.commands import Exec
from flamenco_common.documents import Assignment, FrameTiming, TaskFile
from flamenco_common.journal import Journal
from flamenco_worker.commands.base import CommandContext, Made
from flamenco_worker.commands.blender import BlenderSessions
from flamenco_worker.commands.registry import HANDLERS
from flamenco_worker.config import WorkerConfig
from flamenco_worker.upstream import Upstream
from flamenco_worker.worker import Worker
from processes import until


@dataclass
class Told:
    """A reporter that keeps what a command says."""

    lines: list[str] = field(default_factory=list)
    fractions: list[float] = field(default_factory=list)
    made: list[Made] = field(default_factory=list)

    def log(self, line: str) -> None:
        """Keep a line."""
        self.lines.append(line)

    def progress(self, fraction: float, activity: str) -> None:
        """Keep a fraction."""
        assert activity
        self.fractions.append(fraction)

    def output(self, made: Made) -> None:
        """Keep an output."""
        self.made.append(made)

    def timing(self, timing: FrameTiming) -> None:
        """Frame times are the Blender tests' business."""

    def memory(self, megabytes: int) -> None:
        """So is memory."""


class Bench:
    """A job's folders, and contexts to try commands in."""

    def __init__(self, folder: Path, ffmpeg: str = "") -> None:
        self.ffmpeg = ffmpeg
        self.tree, self.output, self.scratch = folder / "tree", folder / "output", folder / "scratch"
        for each in (self.tree, self.output, self.scratch):
            each.mkdir()
        self.config = WorkerConfig(data_dir=folder / "data", stop_seconds=1.0)
        self.files: list[TaskFile] = []

    def place(self, path: str, step: str = "render", frame: int | None = None) -> Path:
        """Name a file as an output of an earlier step; the test writes it."""
        self.files.append(TaskFile(path, "", 1, "output", step, frame))
        target = self.output / path
        target.parent.mkdir(parents=True, exist_ok=True)
        return target

    def context(self, storage: str = "uploaded") -> CommandContext:
        """A new context; its reporter is a `Told`."""
        assignment = Assignment(
            1, "run-1", 1, "step", "job", "type", [], str(self.tree), str(self.output), storage=storage
        )
        sessions = BlenderSessions(self.config)
        return CommandContext(assignment, self.scratch, self.files, self.config, Told(), sessions, self.ffmpeg)


def told(context: CommandContext) -> Told:
    """What was reported in a context."""
    assert isinstance(context.reporter, Told)
    return context.reporter


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """Folders to try commands in."""
    return Bench(tmp_path)


@pytest.fixture
def manager() -> Iterator[FakeManager]:
    """A manager that answers."""
    with FakeManager() as made:
        yield made


class Gate:
    """Stands in for a program: an `exec` command waits here until the test opens the gate, or the run is stopped."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.entered = threading.Semaphore(0)
        self.stopped: list[str] = []

    def __call__(self, command: Exec, context: CommandContext) -> None:
        context.reporter.log(f"at the gate: {command.program}")
        self.entered.release()
        while not self.open.wait(0.02):
            if context.cancelled.is_set():
                self.stopped.append(context.assignment.run_id)
                context.check_cancelled()

    def wait_entered(self, seconds: float = 10.0) -> None:
        """Wait until a command comes to the gate."""
        assert self.entered.acquire(timeout=seconds), "no command came to the gate"


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Gate:
    """All `exec` commands wait at this gate."""
    made = Gate()
    monkeypatch.setitem(HANDLERS, Exec, made)  # type: ignore[arg-type]
    return made


WAIT_AT_GATE = {"command": "exec", "program": "gate"}
COPY = {"command": "files.copy", "inputs": {"paths": ["{job}/a.txt"]}, "target": "{output}/copies"}


class Living:
    """A worker in a thread of this process."""

    def __init__(self, folder: Path, manager: FakeManager, **settings: Any) -> None:
        values: dict[str, Any] = {
            "data_dir": folder, "enrolment": ENROLMENT, "name": "W", "sign_of_life_seconds": 0.3, "stop_seconds": 1.0,
            "find_blenders": False, **settings,
        }  # fmt: skip
        self.config = WorkerConfig(**values)
        abilities = Abilities("linux", 2, 1000, work_dir=str(self.config.work().resolve()))
        self.journal = Journal(self.config.data_dir / "log")
        self.worker = Worker(self.config, abilities, Upstream(manager.address), self.journal)
        self.ending = ""
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.ending = self.worker.run()
        except BaseException as error:
            self.error = error

    def over(self) -> bool:
        """Whether it ended."""
        return not self._thread.is_alive()

    def wait(self, seconds: float = 15.0) -> str:
        """Wait until it ends; returns how."""
        until(self.over, seconds, "the worker ended")
        return self.ending

    def stop(self) -> None:
        """As SIGTERM does."""
        self.worker.stop()
        self._thread.join(30)
        assert self.over(), "the worker did not stop"


class Workers:
    """Starts workers that are stopped at the end of the test."""

    def __init__(self, folder: Path, manager: FakeManager) -> None:
        self._folder, self._manager = folder, manager
        self._living: list[Living] = []

    def __call__(self, **settings: Any) -> Living:
        living = Living(self._folder / "worker", self._manager, **settings)
        self._living.append(living)
        return living

    def stop(self) -> None:
        """Stop all."""
        for living in self._living:
            living.stop()


@pytest.fixture
def start_worker(tmp_path: Path, manager: FakeManager) -> Iterator[Workers]:
    """Start a worker of that manager; settings are keywords."""
    workers = Workers(tmp_path, manager)
    yield workers
    workers.stop()
