"""Run all checks: read the scene on the main thread in short slices, ask the disk in a thread, sort what was found."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from flamenco_client.errors import Canceled
from flamenco_client.progress import Progress

from . import checks
from .disk import Disk
from .findings import Finding, Severity
from .subject import Later, Step, Subject

if TYPE_CHECKING:
    from ..core.background import Background, Work

log = logging.getLogger(__name__)
SLICE_SECONDS = 0.01  # of the main thread at once; a slice ends at the next pause after it


@dataclass
class Collected:
    """What the scene told; `questions` are still to be put to the disk."""

    findings: list[Finding] = field(default_factory=list)
    questions: list[tuple[str, Later]] = field(default_factory=list)


class Collecting:
    """The reading of the scene, which can be interrupted. To be stepped on Blender's main thread."""

    def __init__(self, subject: Subject) -> None:
        self.collected = Collected()
        self._steps = self._all(subject)

    def step(self, seconds: float = SLICE_SECONDS) -> bool:
        """Go on for some time; gives whether all is read."""
        until = time.perf_counter() + seconds
        return all(time.perf_counter() < until for _ in self._steps)

    def _all(self, subject: Subject) -> Iterator[None]:
        yield from self._one("survey", lambda: checks.survey(subject))
        for name, check in checks.every():
            yield
            yield from self._one(name, lambda check=check: check(subject))  # type: ignore[misc]

    def _one(self, name: str, check: Callable[[], Iterator[Step]]) -> Iterator[None]:
        """Run one check; it being broken is a note, and no reason not to send the job."""
        try:
            for step in check():
                if step is None:
                    yield
                elif isinstance(step, Later):
                    self.collected.questions.append((name, step))
                else:
                    self.collected.findings.append(step)
        except Exception as error:
            self.collected.findings.append(broken(name, error))


def broken(name: str, error: Exception) -> Finding:
    """What is told of a check that failed itself."""
    log.exception("the check %s failed", name)
    return Finding(name, Severity.NOTE, f"The check {name!r} could not be made: {type(error).__name__}: {error}")


def collect(subject: Subject) -> Collected:
    """Read the scene at once."""
    collecting = Collecting(subject)
    while not collecting.step(60.0):
        pass
    return collecting.collected


def judge(collected: Collected, progress: Progress = Progress()) -> list[Finding]:  # noqa: B008
    """Ask the disk, in any thread; gives all findings, the gravest first. Raises `Canceled`."""
    disk = Disk(progress.check)
    found = list(collected.findings)
    for name, question in collected.questions:
        try:
            found.extend(question.answer(disk))
        except Canceled:
            raise
        except Exception as error:
            found.append(broken(name, error))
    return ordered(found)


def ordered(findings: list[Finding]) -> list[Finding]:
    """The gravest first, and in the order of the checks."""
    order = {name: number for number, name in enumerate(checks.NAMES)}
    return sorted(findings, key=lambda each: (-each.severity, order.get(each.check, -1)))


def run(subject: Subject) -> list[Finding]:
    """All of it at once, for scripts."""
    return judge(collect(subject))


class Checking:
    """All of it without ever holding the main thread for long. `step` is to be called on it, again and again."""

    def __init__(self, subject: Subject, background: Background, done: Callable[[list[Finding]], None]) -> None:
        """`done` is called on the main thread, once, unless it is canceled."""
        self._collecting: Collecting | None = Collecting(subject)
        self._background, self._done = background, done
        self._work: Work | None = None
        self.canceled = False

    def step(self) -> bool:
        """Go on reading the scene; gives whether that is done, and the disk is asked by now."""
        if self.canceled or self._collecting is None:
            return True
        if not self._collecting.step():
            return False
        collected, self._collecting = self._collecting.collected, None
        self._work = self._background.start(
            "preflight", lambda progress: judge(collected, progress), self._finish, self._failed, local=True
        )
        return True

    def cancel(self) -> None:
        """Nobody wants to know any more."""
        self.canceled, self._collecting = True, None
        if self._work:
            self._work.cancel()

    def _finish(self, findings: list[Finding]) -> None:
        if not self.canceled:
            self._done(findings)

    def _failed(self, sentence: str) -> None:
        self._finish([Finding("preflight", Severity.NOTE, f"The files could not be checked: {sentence}")])


def mend(finding: Finding, subject: Subject) -> dict[str, Any]:
    """Fix what a finding is about; gives the choices of the job that the artist would have to change for it."""
    fix = checks.fix_of(finding.check)
    if not finding.fix or fix is None:
        return {}
    return fix(finding, subject) or {}
