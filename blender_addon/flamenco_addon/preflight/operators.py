# SPDX-License-Identifier: GPL-3.0-or-later
"""Check the scene, go to what was found, and mend it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import bpy
from bpy.app.handlers import persistent
from bpy.props import BoolProperty, IntProperty, StringProperty

from .. import runtime
from ..core.words import counted
from . import here, running
from .findings import Finding, Severity, asking, blocking
from .selecting import show
from .subject import Memory, Subject

Heard = Callable[[list[Finding]], None]
NOTHING = "Nothing was found"


class FLAMENCO_OT_check(bpy.types.Operator):
    """Look for what would go wrong on the farm: missing files, unsaved images, no camera and more"""

    bl_idname = "flamenco.check"
    bl_label = "Check"
    bl_options = {"INTERNAL"}

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Check; in a window that goes on in the background."""
        assert context.scene is not None
        check(here.subject(context.scene))
        if bpy.app.background:
            self.report({"INFO"}, summary(runtime.current().findings or []))
        return {"FINISHED"}


class FLAMENCO_OT_select_finding(bpy.types.Operator):
    """Go to where this is: select the object, or open the editor that shows it"""

    bl_idname = "flamenco.select_finding"
    bl_label = "Show"
    bl_options = {"INTERNAL", "UNDO"}

    index: IntProperty(name="Finding", min=0, options={"SKIP_SAVE"})
    text: StringProperty(name="Text", description="What it says; empty: whatever it is", options={"SKIP_SAVE"})

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Go there."""
        finding = found(self.index, self.text)
        if finding is None or finding.where is None:
            self.report({"WARNING"}, "there is no such place; check again")
            return {"CANCELLED"}
        problem = show(context, finding.where)
        if problem:
            self.report({"WARNING"}, problem)
        return {"FINISHED"}


class FLAMENCO_OT_fix_finding(bpy.types.Operator):
    """Mend this, in one step that can be undone"""

    bl_idname = "flamenco.fix_finding"
    bl_label = "Fix"
    bl_options = {"INTERNAL"}

    index: IntProperty(name="Finding", min=0, options={"SKIP_SAVE"})
    text: StringProperty(name="Text", description="What it says; empty: whatever it is", options={"SKIP_SAVE"})
    alike: BoolProperty(name="All of These", description="Mend all findings of this kind", options={"SKIP_SAVE"})

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Mend, and check again."""
        finding = found(self.index, self.text)
        if finding is None or not finding.fix:
            self.report({"WARNING"}, "there is nothing to mend; check again")
            return {"CANCELLED"}
        assert context.scene is not None
        subject = here.subject(context.scene)
        problems = mend([finding] if not self.alike else like(finding), subject)
        if problems:
            self.report({"WARNING"}, problems[0])
        check(here.subject(context.scene))
        return {"FINISHED"}


def mend(findings: list[Finding], subject: Subject) -> list[str]:
    """Mend findings in one undo step; gives what could not be, a sentence each."""
    problems, changed = [], False
    for finding in findings:
        try:
            choices = running.mend(finding, subject)
        except Exception as error:
            problems.append(f"{finding.fix} failed: {' '.join(str(error).split()) or type(error).__name__}")
            continue
        for name, value in choices.items():
            runtime.current().choose(name, value)
        changed = changed or not choices
    if changed:
        bpy.ops.ed.undo_push(message=findings[0].fix)
    return problems


def like(finding: Finding) -> list[Finding]:
    """All findings of the same check with the same fix."""
    return [each for each in runtime.current().findings or () if (each.check, each.fix) == (finding.check, finding.fix)]


def found(index: int, text: str = "") -> Finding | None:
    """A finding of the last check; with its text the one that says so, as a button may be older than that check."""
    findings = runtime.current().findings or []
    if index < len(findings) and text in ("", findings[index].text):
        return findings[index]
    return next((each for each in findings if each.text == text), None)


def summary(findings: list[Finding]) -> str:
    """How many there are of each severity."""
    errors, warnings = len(blocking(findings)), len(asking(findings))
    notes = len(findings) - errors - warnings
    counts = [(errors, "error"), (warnings, "warning"), (notes, "note")]
    return ", ".join(counted(number, noun) for number, noun in counts if number) or NOTHING


def worst(findings: list[Finding]) -> Severity | None:
    """The gravest severity."""
    return max((each.severity for each in findings), default=None)


def check(subject: Subject, heard: Heard = lambda _: None) -> None:
    """Check and keep the findings; `heard` is told them: at once without a window, else when they are there."""
    state = runtime.current()

    def done(findings: list[Finding]) -> None:
        state.findings, state.checking = findings, None
        state.redraw()
        heard(findings)

    if state.checking is not None:
        state.checking.cancel()
        state.checking = None
    if bpy.app.background:
        done(running.run(subject))
        return
    state.checking = running.Checking(subject, state.background, done)
    state.redraw()
    if not bpy.app.timers.is_registered(_step):
        bpy.app.timers.register(_step, first_interval=0.0, persistent=True)


def _step() -> float | None:
    """A slice of the check that is under way."""
    checking = runtime.current().checking
    return None if checking is None or checking.step() else 0.0


@persistent  # type: ignore[untyped-decorator]
def forget(*_: object) -> None:
    """Another file is open: what was found is of the one before."""
    state = runtime.current()
    if state.checking is not None:
        state.checking.cancel()
    state.findings, state.checking = None, None
    state.memory = Memory(opened_at=time.time() if state.blend else 0.0)


@persistent  # type: ignore[untyped-decorator]
def remember(*_: object) -> None:
    """Something was undone: Blender then takes images that were packed for saved, though they are no longer packed."""
    images: Any = bpy.data.images
    for name in runtime.current().memory.packed:
        image = images.get((name, None))
        if image is not None and not len(image.packed_files) and image.has_data and not image.is_dirty:
            image.pixels[0] = image.pixels[0]


CLASSES = (FLAMENCO_OT_check, FLAMENCO_OT_select_finding, FLAMENCO_OT_fix_finding)


HANDLERS = (("load_post", forget), ("undo_post", remember))


def register() -> None:
    """Hear of files that are opened, and of what is undone."""
    for name, handler in HANDLERS:
        getattr(bpy.app.handlers, name).append(handler)


def unregister() -> None:
    """Stop what is under way."""
    for name, handler in HANDLERS:
        getattr(bpy.app.handlers, name).remove(handler)
    checking = runtime.current().checking
    if checking is not None:
        checking.cancel()
    if bpy.app.timers.is_registered(_step):
        bpy.app.timers.unregister(_step)
