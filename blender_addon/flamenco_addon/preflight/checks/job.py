"""What was chosen for the job itself: its type, name, priority, project and settings."""

from __future__ import annotations

from collections.abc import Iterator

from ...core import forms
from ...core.choices import USUAL_NAME
from ..findings import Finding, Severity
from ..subject import Step, Subject

LONGEST_NAME, HIGHEST_PRIORITY = 300, 1000  # the server's own limits; a test holds them equal


def check(subject: Subject) -> Iterator[Step]:
    """What the server would refuse, and a name that says nothing."""
    if subject.job.name in ("", USUAL_NAME) and not subject.here.blend:
        text = f"The job has no name, and the file was never saved: it will be called {USUAL_NAME}"
        yield Finding("job", Severity.NOTE, text)
    for text in (*_own(subject), *_known(subject), *_settings(subject)):
        yield Finding("job", Severity.ERROR, text)


def _own(subject: Subject) -> Iterator[str]:
    job = subject.job
    if job.name and not job.name.strip():
        yield "The job's name is nothing but spaces"
    if len(job.name) > LONGEST_NAME:
        yield f"The job's name has {len(job.name)} characters, {LONGEST_NAME} are the most"
    if not 0 <= job.priority <= HIGHEST_PRIORITY:
        yield f"The priority {job.priority} is not between 0 and {HIGHEST_PRIORITY}"


def _known(subject: Subject) -> Iterator[str]:
    catalogue, job = subject.catalogue, subject.job
    if catalogue is None:
        return
    job_type = subject.job_type
    if job_type is None:
        named = ", ".join(each.name for each in catalogue.job_types) or "none"
        yield f"There is no job type {job.type!r}; the farm has {named}"
    elif job_type.error:
        yield f"The job type {job.type} cannot be used: {job_type.error}"
    if job.project and job.project not in catalogue.projects:
        yield f"The farm has no project {job.project!r}"
    if job.preset and job.preset not in {each.name for each in catalogue.presets}:
        yield f"The farm has no render-settings preset {job.preset!r}"


def _settings(subject: Subject) -> Iterator[str]:
    job_type, settings = subject.job_type, subject.job.settings
    if job_type is None or job_type.error:
        return
    fields = {field.name: field for field in job_type.fields}
    for name, value in settings.items():
        problem = (
            forms.check(fields[name], value) if name in fields else f"There is no setting {name!r} of {job_type.name}"
        )
        if problem:
            yield problem
    for name, field in fields.items():
        if field.required and not field.source and field.default is None and settings.get(name) in (None, "", []):
            yield f"{field.label} must be given"
