"""The farm is known, lets this user submit, and has workers for the job."""

from __future__ import annotations

from collections.abc import Iterator

from ..findings import Finding, Severity
from ..subject import Step, Subject


def check(subject: Subject) -> Iterator[Step]:
    """One finding at most: the rest follows from it."""
    catalogue = subject.catalogue
    if catalogue is None:
        yield Finding("farm", Severity.NOTE, "There is no word from the farm yet: what its workers have is not checked")
        return
    if catalogue.role == "viewer":
        yield Finding("farm", Severity.ERROR, f"{catalogue.user or 'This user'} may look at jobs, not submit them")
    if not catalogue.workers:
        yield Finding("farm", Severity.WARNING, "The farm has no worker at the moment: the job would wait for one")
        return
    for tag in subject.job.tags:
        if tag not in catalogue.tags:
            yield Finding("farm", Severity.WARNING, f"No worker has the tag {tag}: the job would wait for one")
            return
    if not subject.workers:
        named = ", ".join(subject.job.tags)
        yield Finding("farm", Severity.WARNING, f"No worker has all the tags {named}: the job would wait for one")
