"""The job has frames, and the ones that are meant."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...core import forms
from ...core.choices import setting_key
from .. import frame_lists
from ..findings import Editor, Finding, Severity
from ..rendering import Rendered, frames_text, rendered
from ..subject import Step, Subject

MANY = 100_000


def check(subject: Subject) -> Iterator[Step]:
    """Of what is rendered."""
    if rendered(subject) is Rendered.NOTHING or subject.job.type == "still":
        return
    scene, text = subject.scene, frames_text(subject)
    numbers = frame_lists.numbers(text)
    if not is_readable(subject, text):
        return
    if not numbers:
        yield Finding("frames", Severity.ERROR, f"There are no frames in {text}", subject.at(Editor.OUTPUT))
        return
    if len(numbers) > MANY:
        yield Finding(
            "frames", Severity.WARNING, f"The job has {len(numbers):,} frames ({text})", subject.at(Editor.OUTPUT)
        )
    if len(numbers) == 1 and can_be_split(subject):
        yield Finding(
            "frames",
            Severity.NOTE,
            f"The job has one frame: as a still, {len(subject.workers)} workers render it together",
            subject.at(Editor.OUTPUT),
            fix="Render as a still",
        )
    if scene.use_preview_range and not subject.job.settings.get("frames"):
        yield Finding(
            "frames",
            Severity.WARNING,
            f"The preview range {scene.frame_preview_start}-{scene.frame_preview_end} is not what is rendered: "
            f"the job renders {text}",
            subject.at(Editor.OUTPUT),
            fix="Render the preview range",
            value=f"{scene.frame_preview_start}-{scene.frame_preview_end}",
        )


def is_readable(subject: Subject, text: str) -> bool:
    """Whether the frames are written as they should be; if not, that is told of the job's settings."""
    declared = next((each for each in subject.fields if each.name == "frames"), None)
    return declared is None or not forms.check(declared, text)


def can_be_split(subject: Subject) -> bool:
    """Whether several workers could share the one picture of a job of frames."""
    if subject.catalogue is None or subject.job.type != "render" or len(subject.workers) < 2:
        return False
    return subject.catalogue.job_type("still") is not None and rendered(subject) is Rendered.SCENE


def fix(finding: Finding, subject: Subject) -> dict[str, Any]:
    """Choose other frames, or another job type."""
    if finding.value:
        return {setting_key(subject.job.type, "frames"): finding.value}
    return {"job_type": "still"}
