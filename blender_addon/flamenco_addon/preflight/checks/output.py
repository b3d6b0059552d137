"""The scene's output is something that frames can be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..findings import Editor, Finding, Severity
from ..rendering import rendered, renders, wanted_format
from ..subject import Step, Subject

MOVIES = ("FFMPEG", "AVI_JPEG", "AVI_RAW")
PNG = "Set to PNG"


def check(subject: Subject) -> Iterator[Step]:
    """Of the scene, unless the job has a format of its own."""
    scene = subject.scene
    if not renders(subject) or wanted_format(subject):
        return
    format_ = str(scene.render.image_settings.file_format)
    if format_ in MOVIES:
        if subject.job.type != "video":
            yield _movie(subject)
    elif format_ not in formats(subject):
        yield Finding(
            "output",
            Severity.ERROR,
            f"The farm cannot write the scene's file format {format_}",
            subject.at(Editor.OUTPUT),
            fix=PNG,
        )


def formats(subject: Subject) -> tuple[str, ...]:
    """What the job type can write; any format if it does not say."""
    declared = next((each for each in subject.fields if each.name == "format"), None)
    own = str(subject.scene.render.image_settings.file_format)
    return declared.choices if declared is not None and declared.choices else (own,)


def _movie(subject: Subject) -> Finding:
    video = subject.job.type in ("render", "bake") and subject.setting("preview", True)
    also = " and a preview video" if video else ""
    return Finding(
        "output",
        Severity.WARNING,
        "The scene's output is a movie, which many workers cannot write together: the job makes PNG frames of "
        f"{rendered(subject).value}{also}",
        subject.at(Editor.OUTPUT),
        fix=PNG,
    )


def fix(finding: Finding, subject: Subject) -> None:
    """Set the scene to PNG; 5.0 wants to know the kind of medium first."""
    image: Any = subject.scene.render.image_settings
    if hasattr(image, "media_type"):
        image.media_type = "IMAGE"
    image.file_format = "PNG"
