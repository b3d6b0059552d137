"""Which Blenders the workers would render with: none that can read the file, another series, or several ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .. import versions
from ..findings import Finding, Severity
from ..subject import Step, Subject

ANY = "Any worker"


def check(subject: Subject) -> Iterator[Step]:
    """Compare this Blender with those of the workers that the job may go to."""
    here = subject.here.version[:2]
    if subject.here.cycle != "release":
        yield Finding(
            "version",
            Severity.WARNING,
            f"This is a Blender {versions.series(here)} {subject.here.cycle}: what a release makes of its files may differ",
        )
    wanted = subject.job.blender
    if wanted and not wanted.startswith(">=") and versions.parsed(wanted)[:2] < here:
        yield Finding(
            "version",
            Severity.ERROR,
            f"Blender {wanted} cannot read files of Blender {versions.series(here)}",
            subject.place,
            fix=f"Use {versions.series(here)} or newer",
            value=f">={versions.series(here)}",
        )
    elif subject.workers:
        yield from _workers(subject)


def _workers(subject: Subject) -> Iterator[Finding]:
    has = [each.blenders for each in subject.workers]
    taken = {versions.parsed(version)[:2] for each in has if (version := versions.chosen(subject.blender, each))}
    here = subject.here.version[:2]
    if not taken:
        yield _none(subject, [version for each in has for version in each])
    elif len(taken) > 1:
        yield _several(subject, sorted(taken))
    elif here not in taken:
        yield Finding(
            "version",
            Severity.WARNING,
            f"The workers would render with Blender {versions.series(min(taken))}, this is {versions.series(here)}: "
            "the pictures may differ",
            subject.place,
        )


def _none(subject: Subject, has: list[str]) -> Finding:
    here = subject.here.version
    newest = versions.newest(has)
    if not newest:
        return Finding("version", Severity.ERROR, "No worker has a Blender", subject.place)
    if versions.parsed(newest)[:2] < here[:2]:
        text = f"This is Blender {versions.series(here)}, and the newest that a worker has is {newest}"
        return Finding("version", Severity.ERROR, text, subject.place)
    return Finding(
        "version",
        Severity.ERROR,
        f"No worker has Blender {subject.blender}; they have {', '.join(sorted(set(has), key=versions.parsed))}",
        subject.place,
        fix=ANY,
        value="",
    )


def _several(subject: Subject, taken: list[versions.Version]) -> Finding:
    """Frames of one job by different Blenders flicker."""
    here = subject.here.version[:2]
    one = versions.series(here if here in taken else taken[0])
    return Finding(
        "version",
        Severity.WARNING,
        f"Some workers would render with Blender {' and others with '.join(map(versions.series, taken))}: "
        "the frames may differ",
        subject.place,
        fix=f"Only {one}",
        value=one,
    )


def fix(finding: Finding, subject: Subject) -> dict[str, Any]:
    """Choose another Blender for the job."""
    return {"blender": finding.value}
