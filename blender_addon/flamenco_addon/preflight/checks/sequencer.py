"""The video edit, where it takes the scene's place."""

from __future__ import annotations

from collections.abc import Iterator

from ...scene.values import has_sequencer
from ..findings import Editor, Finding, Severity
from ..rendering import Rendered, rendered
from ..subject import Step, Subject

SCENE = "Render the scene itself"


def check(subject: Subject) -> Iterator[Step]:
    """A job of the edit that there is not, and one that artists may not expect."""
    scene, place = subject.scene, subject.at(Editor.SEQUENCER)
    edit = has_sequencer(scene)
    if rendered(subject) is Rendered.EDIT and not edit:
        text = "The job renders the video edit, and the scene has none, or does not use it"
        yield Finding("sequencer", Severity.ERROR, text, place)
    elif rendered(subject) is Rendered.EDIT and by_itself(subject):
        text = "The job renders the video edit, not the scene itself, as the scene is set up"
        yield Finding("sequencer", Severity.NOTE, text, place, fix=SCENE)


def by_itself(subject: Subject) -> bool:
    """Whether nobody asked for the edit."""
    return subject.job.type != "video" and str(subject.setting("sequencer", "auto")) == "auto"


def fix(finding: Finding, subject: Subject) -> None:
    """Leave the edit out."""
    subject.scene.render.use_sequencer = False
