"""Carries out Blender commands as a worker does, without the rest of it: the news of a run are kept in lists."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path

import scenes
from flamenco_common.documents import Assignment, FrameTiming, TaskFile
from flamenco_worker.commands.base import CommandContext, Made
from flamenco_worker.commands.blender import BlenderSessions
from flamenco_worker.commands.registry import HANDLERS
from flamenco_worker.config import WorkerConfig


@dataclass
class Kept:
    """A reporter that keeps all it is told."""

    lines: list[str] = field(default_factory=list)
    fractions: list[float] = field(default_factory=list)
    activities: list[str] = field(default_factory=list)
    made: list[Made] = field(default_factory=list)
    timings: list[FrameTiming] = field(default_factory=list)
    megabytes: int = 0

    def log(self, line: str) -> None:
        self.lines.append(line)

    def progress(self, fraction: float, activity: str) -> None:
        self.fractions.append(fraction)
        self.activities.append(activity)

    def output(self, made: Made) -> None:
        self.made.append(made)

    def timing(self, timing: FrameTiming) -> None:
        self.timings.append(timing)

    def memory(self, megabytes: int) -> None:
        self.megabytes = max(self.megabytes, megabytes)

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


class Bench:
    """Carries out commands as the worker does, without the rest of it."""

    def __init__(self, root: Path, **config: object) -> None:
        self.job, self.output = root / "tree", root / "output"
        self.config = WorkerConfig(data_dir=root / "data", stop_seconds=5.0, **config)
        self.sessions = BlenderSessions(self.config)
        self.cancelled = threading.Event()
        self.runs = 0
        for folder in (self.job, self.output):
            folder.mkdir(parents=True)

    def run(
        self, command: object, *, job: int = 1, files: list[TaskFile] | None = None, kept: Kept | None = None
    ) -> Kept:
        """Carry out one command in a run of its own; outputs are moved in place at the end as the finisher does."""
        self.runs += 1
        scratch = self.job.parent / "scratch" / str(self.runs)
        scratch.mkdir(parents=True)
        kept = kept or Kept()
        assignment = Assignment(
            task_id=self.runs,
            run_id=str(self.runs),
            job_id=job,
            step="step",
            job_name="job",
            job_type="test",
            commands=[],
            job_root=str(self.job),
            output_root=str(self.output),
        )
        context = CommandContext(
            assignment=assignment,
            scratch=scratch,
            files=files or [],
            config=self.config,
            reporter=kept,
            blenders=self.sessions,
            cancelled=self.cancelled,
        )
        HANDLERS[type(command)](command, context)
        for made in kept.made:
            self.place(made)
        return kept

    def place(self, made: Made) -> Path:
        """Where an output belongs; moves it there."""
        final = (self.job if made.root == "job" else self.output) / made.path
        final.parent.mkdir(parents=True, exist_ok=True)
        if made.file != final and made.file.exists():
            made.file.replace(final)
        return final

    def scene(self, name: str, version: str) -> dict[str, str]:
        """Put a test scene among the job's files; gives a command's `blend` and `blender`."""
        return {"blend": str(scenes.copy(name, version, self.job)), "blender": scenes.BLENDERS[version]}

    def frames(self, name: str = "####") -> str:
        """An output pattern."""
        return str(self.output / name)

    def close(self) -> None:
        """End its Blender."""
        self.sessions.close()

    @property
    def pid(self) -> int:
        """Of the Blender that is open."""
        session = self.sessions._session
        assert session is not None, "no Blender is open"
        return session.pid
