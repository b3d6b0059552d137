"""There is a camera to look through."""

from __future__ import annotations

from collections.abc import Iterator

from ...scene.values import strips
from ..findings import Editor, Finding, Place, Severity
from ..rendering import Rendered, rendered
from ..subject import Step, Subject


def check(subject: Subject) -> Iterator[Step]:
    """Of the scene itself, or of the scenes in the video edit."""
    wanted = str(subject.setting("camera", "") or "")
    shown = rendered(subject)
    if shown is Rendered.EDIT:
        yield from _of_strips(subject)
    elif shown is Rendered.SCENE and wanted:
        yield from _chosen(subject, wanted)
    elif shown is Rendered.SCENE:
        yield from _of_scene(subject)


def _chosen(subject: Subject, wanted: str) -> Iterator[Finding]:
    found = subject.scene.objects.get(wanted)
    if found is None or found.type != "CAMERA":
        yield Finding("camera", Severity.ERROR, f"The scene has no camera {wanted!r}, which the job is to render with")


def _of_scene(subject: Subject) -> Iterator[Finding]:
    scene = subject.scene
    if scene.camera is not None or any(marker.camera for marker in scene.timeline_markers):
        return
    first = next((each for each in scene.objects if each.type == "CAMERA"), None)
    if first is None:
        yield Finding("camera", Severity.ERROR, "The scene has no camera", subject.at(Editor.SCENE))
        return
    yield Finding(
        "camera",
        Severity.WARNING,
        f"The scene has no active camera: Blender would take one that it finds, like {first.name}",
        Place("objects", first.name, first.library.filepath if first.library else ""),
        fix=f"Use {first.name}",
        value=first.name,
    )


def _of_strips(subject: Subject) -> Iterator[Finding]:
    for strip in strips(subject.scene):
        shown = getattr(strip, "scene", None) if strip.type == "SCENE" and not strip.mute else None
        if shown is None or strip.scene_input != "CAMERA" or strip.scene_camera is not None:
            continue
        if shown.camera is None and not any(marker.camera for marker in shown.timeline_markers):
            yield Finding(
                "camera",
                Severity.ERROR,
                f"The scene {shown.name} of the strip {strip.name} has no camera",
                Place("scenes", shown.name, editor=Editor.SCENE),
            )


def fix(finding: Finding, subject: Subject) -> None:
    """Make a camera the scene's."""
    subject.scene.camera = subject.scene.objects[finding.value]
