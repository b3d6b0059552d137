"""Finds, in what Blender printed, the line that says why it failed."""

from __future__ import annotations

import re

from flamenco_worker.errors import CommandFailed, MachineFault

# The first pattern that any line has wins; of its lines the last one.
_TELLING = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"no space left on device",
        r"failed to write pixel data",
        r"out of (GPU |graphics )?memory|malloc.*(fail|returns null)|Calloc returns null",
        r"illegal address|CUDA error|OptiX error|HIP error|device lost|launch failed",
        r"cannot save|could ?n.t save|could not write|permission denied|read-only file system",
        r"no camera|engine .*not found|without OpenImageDenois",
        r"cannot (read|open|render|find)|corrupt|not a blend file",
        r"^error|error:|^\w*(Error|Exception): |assert|abort|segmentation",
        r"writing: .*crash",
    )
)
_MACHINE = re.compile(
    r"no space left on device|failed to write pixel data|read-only file system|device lost", re.IGNORECASE
)
_HARMLESS = re.compile(r"EGL Error|ALSA lib|AL lib|libdecor|Color management|color_management", re.IGNORECASE)


def line(lines: list[str]) -> str:
    """The telling line, or an empty text."""
    candidates = [each.strip() for each in lines if not _HARMLESS.search(each)]
    for pattern in _TELLING:
        for each in reversed(candidates):
            if pattern.search(each):
                return each.removeprefix("Error: ")
    return ""


def of_machine(lines: list[str]) -> str:
    """The line, of those that Blender prints although it says that all went well, that blames the machine."""
    return next((each.strip() for each in lines if _MACHINE.search(each)), "")


def failure(kind: str, error: str, lines: list[str]) -> CommandFailed | MachineFault:
    """The error that stands for a failed request: the driver's own sentence, and the line that explains it."""
    told = "" if kind == "problem" else line([*lines])
    text = f"{error}: {told}" if told and told not in error and error not in told else error
    if kind == "mistake":
        text = f"the driver in Blender made a mistake: {text}"
    return MachineFault(text) if _MACHINE.search(text) or _MACHINE.search(told) else CommandFailed(text)
