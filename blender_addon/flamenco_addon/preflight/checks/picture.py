"""The picture is what it is to be: its size, its region, and what was set for quick previews and left on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..findings import Editor, Finding, Severity
from ..rendering import Rendered, engine, rendered
from ..subject import Step, Subject

WHOLE, FULL, OFF = "Render all of it", "Set to 100 %", "Switch it off"


def check(subject: Subject) -> Iterator[Step]:
    """Of all that is rendered."""
    shown = rendered(subject)
    if shown is Rendered.NOTHING:
        return
    yield from _size(subject)
    if shown is Rendered.SCENE:
        yield from _region(subject)
        yield from _speed(subject)


def _size(subject: Subject) -> Iterator[Finding]:
    render: Any = subject.scene.render
    overrides = subject.job.overrides
    wide, high, percent = (
        int(overrides.get(name) or getattr(render, name))
        for name in ("resolution_x", "resolution_y", "resolution_percentage")
    )
    size = (wide * percent // 100, high * percent // 100)
    if min(size) < 1:
        text = f"The picture has no pixels: {percent} % of {wide} x {high}"
        yield Finding("picture", Severity.ERROR, text, subject.at(Editor.OUTPUT), fix=FULL, value="percentage")
    elif percent != 100:
        text = f"The picture is rendered at {percent} % of its size: {size[0]} x {size[1]}"
        yield Finding("picture", Severity.NOTE, text, subject.at(Editor.OUTPUT), fix=FULL, value="percentage")


def _region(subject: Subject) -> Iterator[Finding]:
    render = subject.scene.render
    if not render.use_border or subject.job.type == "still":
        return
    text = "Only the render region is rendered" + (", and the picture is as small" if render.use_crop_to_border else "")
    yield Finding("picture", Severity.WARNING, text, subject.at(Editor.OUTPUT), fix=WHOLE, value="border")


def _speed(subject: Subject) -> Iterator[Finding]:
    scene: Any = subject.scene
    place = subject.at(Editor.RENDER)
    cycles = getattr(scene, "cycles", None)
    if engine(subject) == "CYCLES" and cycles is not None and cycles.time_limit > 0:
        text = (
            f"The time limit of {cycles.time_limit:g} s makes the noise of a frame depend on the worker that renders it"
        )
        yield Finding("picture", Severity.WARNING, text, place, fix=OFF, value="time_limit")
    if scene.render.use_simplify:
        yield Finding("picture", Severity.NOTE, "Simplify is on", place, fix=OFF, value="simplify")


def fix(finding: Finding, subject: Subject) -> None:
    """Set what the finding is about to what it usually is."""
    scene: Any = subject.scene
    if finding.value == "percentage":
        scene.render.resolution_percentage = 100
    elif finding.value == "border":
        scene.render.use_border = False
    elif finding.value == "time_limit":
        scene.cycles.time_limit = 0
    else:
        scene.render.use_simplify = False
