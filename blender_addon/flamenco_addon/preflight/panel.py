# SPDX-License-Identifier: GPL-3.0-or-later
"""What was found, drawn below the button, and in the dialog that asks before a job is sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import bpy

from .. import runtime
from ..core.words import counted
from ..ui.drawing import POINTS_A_LETTER, guarded, letters, wrapped
from ..ui.panels import panel
from .findings import Finding, Severity, asking, blocking, grouped
from .operators import summary, worst

ICONS = {Severity.ERROR: "CANCEL", Severity.WARNING: "ERROR", Severity.NOTE: "INFO", None: "CHECKMARK"}
MOST_SHOWN = 3  # of the same kind
BESIDE = 60  # points beside a text: its icon, the button that goes there, margins


def draw_findings(layout: bpy.types.UILayout, findings: Sequence[Finding], width: int = 0) -> None:
    """All findings; of many alike only some, and one button that mends them all. `width` is a dialog's, in points."""
    fitting = int((width - BESIDE) / POINTS_A_LETTER) if width else letters(bpy.context, True) - 2
    column = layout.column()
    for group in grouped(findings):
        box = column.column(align=True)
        for index, finding in group[:MOST_SHOWN]:
            draw_finding(box, index, finding, fitting)
        left = len(group) - MOST_SHOWN
        if left > 0:
            box.label(text=f"… and {left} more like these", icon="BLANK1", translate=False)
        index, first = group[0]
        if first.fix:
            draw_fix(box, index, first, len(group))


def draw_finding(layout: bpy.types.UILayout, index: int, finding: Finding, fitting: int) -> None:
    """A sentence in lines of so many letters, and a button that goes where it is."""
    row = layout.row()
    text = row.column(align=True)
    text.alert = finding.severity is Severity.ERROR
    text.scale_y = 0.8
    icon: Any = ICONS[finding.severity]
    for number, line in enumerate(wrapped(finding.text, fitting)):
        text.label(text=line, icon="BLANK1" if number else icon, translate=False)
    if finding.where is not None:
        go: Any = row.operator("flamenco.select_finding", text="", icon="RESTRICT_SELECT_OFF", emboss=False)
        go.index, go.text = index, finding.text


def draw_fix(layout: bpy.types.UILayout, index: int, finding: Finding, number: int) -> None:
    """The button that mends; of several alike all of them."""
    row = layout.row()
    row.alignment = "LEFT"
    row.label(text="", icon="BLANK1")
    text = finding.fix if number == 1 else f"{finding.fix} ({number})"
    fix: Any = row.operator("flamenco.fix_finding", text=text, icon="TOOL_SETTINGS", translate=False)
    fix.index, fix.text, fix.alike = index, finding.text, number > 1


def draw_panel(layout: bpy.types.UILayout, _context: bpy.types.Context) -> None:
    """The button, a line that sums up, and the findings."""
    state = runtime.current()
    row = layout.row()
    if state.checking is not None or state.asking_first is not None:
        row.label(text="Checking…", icon="SORTTIME")
    elif state.findings is None:
        row.label(text="Not checked yet")
    else:
        icon: Any = ICONS[worst(state.findings)]
        row.label(text=summary(state.findings), icon=icon, translate=False)
    row.operator("flamenco.check", icon="FILE_REFRESH")
    draw_findings(layout, state.findings or ())


def draw_header(layout: bpy.types.UILayout, _context: bpy.types.Context) -> None:
    """How grave what was found is, while the panel is closed too."""
    findings = runtime.current().findings
    if findings is not None:
        icon: Any = ICONS[worst(findings)]
        layout.label(text="", icon=icon)


def draw_question(layout: bpy.types.UILayout, findings: Sequence[Finding], width: int = 0) -> None:
    """The content of the dialog that asks whether to send nevertheless; what is only told comes last."""
    errors, warnings = len(blocking(findings)), len(asking(findings))
    if errors:
        text = f"{counted(errors, 'error')} must be mended before the job can be sent"
    elif warnings:
        text = f"{counted(warnings, 'warning')}: send the job all the same?"
    else:
        text = "Nothing speaks against sending the job any more"
    layout.label(text=text, translate=False)
    draw_findings(layout, findings, width)


_findings: Any = panel("FLAMENCO_PT_findings", "Checks", draw_panel, order=4)
_findings.draw_header = guarded(draw_header)
CLASSES: tuple[type, ...] = (_findings,)
