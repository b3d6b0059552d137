"""What was baked to the disk is still there."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ..disk import Disk
from ..findings import Finding, Severity
from ..rendering import Rendered, rendered
from ..subject import Later, SimulationUse, Step, Subject
from .missing_files import missing_is
from .simulations import by_the_job, named


def check(subject: Subject) -> Iterator[Step]:
    """Workers refuse to render without."""
    if rendered(subject) is Rendered.SCENE:
        found = [use for use in subject.simulations if use.baked and use.folder and not by_the_job(subject, use)]
        yield Later(gone(found, missing_is(subject)))


def gone(found: list[SimulationUse], grave: Severity) -> Callable[[Disk], Iterator[Finding]]:
    """Those whose folder has nothing of theirs."""

    def answer(disk: Disk) -> Iterator[Finding]:
        for use in found:
            if not any(name.startswith(use.prefix) for name in disk.names(use.folder)):
                text = f"The {named(use)} was baked, and its cache is missing: {use.folder}"
                yield Finding("caches", grave, text, use.place, value=use.folder)

    return answer
