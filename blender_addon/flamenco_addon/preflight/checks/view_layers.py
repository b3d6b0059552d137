"""There is a view layer that renders."""

from __future__ import annotations

from collections.abc import Iterator

from ..findings import Editor, Finding, Severity
from ..rendering import Rendered, rendered
from ..subject import Step, Subject


def check(subject: Subject) -> Iterator[Step]:
    """Those that the job names must be there; of the others one must be switched on."""
    if rendered(subject) is not Rendered.SCENE:
        return
    scene, wanted = subject.scene, subject.setting("view_layers", ()) or ()
    for name in wanted:
        if name not in scene.view_layers:
            has = ", ".join(each.name for each in scene.view_layers)
            yield Finding("view_layers", Severity.ERROR, f"The scene has no view layer {name!r}; it has {has}")
    if wanted:
        return
    on = [each.name for each in scene.view_layers if each.use]
    if not on:
        yield Finding(
            "view_layers",
            Severity.ERROR,
            "All view layers are switched off for rendering",
            subject.at(Editor.VIEW_LAYER),
            fix="Switch them on",
        )
    elif scene.render.use_single_layer:
        yield Finding(
            "view_layers",
            Severity.WARNING,
            "Render Single Layer is on: only the view layer that a window shows is rendered, and workers have no window",
            subject.at(Editor.VIEW_LAYER),
            fix="Switch it off",
            value="single",
        )
    elif len(on) < len(scene.view_layers):
        off = ", ".join(each.name for each in scene.view_layers if not each.use)
        yield Finding("view_layers", Severity.NOTE, f"Not rendered: {off}", subject.at(Editor.VIEW_LAYER))


def fix(finding: Finding, subject: Subject) -> None:
    """Let all view layers render."""
    if finding.value == "single":
        subject.scene.render.use_single_layer = False
        return
    for layer in subject.scene.view_layers:
        layer.use = True
