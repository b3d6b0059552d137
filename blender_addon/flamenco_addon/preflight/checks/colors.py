"""Colours are the same on the farm."""

from __future__ import annotations

from collections.abc import Iterator

from ..findings import Editor, Finding, Severity
from ..rendering import renders
from ..subject import Step, Subject


def check(subject: Subject) -> Iterator[Step]:
    """A colour configuration of the studio's is not in the .blend."""
    if subject.here.color_config and renders(subject):
        text = f"Colours are managed by {subject.here.color_config} (OCIO): the workers need the same, or the pictures differ"
        yield Finding("colors", Severity.WARNING, text, subject.at(Editor.RENDER))
