"""What was painted is somewhere where the farm finds it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..findings import Editor, Finding, Place, Severity
from ..subject import Step, Subject, linked_from, sliced

PACK = "Pack into the .blend"


def check(subject: Subject) -> Iterator[Step]:
    """Pixels that are only in memory; what Blender renders and shows is not meant."""
    for images in sliced(lambda: subject.data.images):
        for image in images:
            if image.is_dirty and image.users and image.source != "VIEWER":
                linked = linked_from(image)
                yield Finding(
                    "unsaved_images",
                    Severity.WARNING,
                    f"The image {image.name} has changes that are not saved: the farm would render it without them",
                    Place("images", image.name, linked, editor=Editor.IMAGE),
                    fix="" if linked else PACK,
                    value=image.name,
                )
        yield None


def fix(finding: Finding, subject: Subject) -> None:
    """Pack the image as it is now."""
    images: Any = subject.data.images
    images[finding.value, None].pack()
    subject.here.memory.packed.add(finding.value)
