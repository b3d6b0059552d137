"""Nodes, and functions called at each frame, of add-ons that the workers do not have."""

from __future__ import annotations

from collections.abc import Iterator

from ..findings import Finding, Severity
from ..subject import Step, Subject


def check(subject: Subject) -> Iterator[Step]:
    """Nodes that nobody knows here either, those of add-ons, and their functions."""
    for use in subject.nodes:
        if use.module:
            text = f"The node {use.place.label} ({use.idname}) comes from an add-on, which the workers do not have"
        else:
            text = f"The node {use.place.label} is of a type that this Blender does not know: its add-on is missing"
        yield Finding("addons", Severity.WARNING, text, use.place)
    for module in subject.here.listeners:
        text = f"The add-on {module} does something at each frame, and the workers do not have it"
        yield Finding("addons", Severity.NOTE, text)
