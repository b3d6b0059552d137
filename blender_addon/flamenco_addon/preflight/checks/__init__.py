"""The checks, one file each: `check(subject)` yields steps (see `subject.Step`), and `fix(finding, subject)` mends.

A check names its findings by its own file's name. It runs on Blender's main thread, in slices: after each `yield None`
nothing that it had from Blender may be used any more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

from ..findings import Finding
from ..subject import Step, Subject

# In the order in which their findings are shown.
NAMES = (
    "farm", "job", "version", "engine", "camera", "frames", "view_layers", "missing_files", "sequences", "libraries",
    "overrides", "unsaved_images", "simulations", "caches", "output", "compositor", "device", "addons", "scripts", "drivers",
    "sequencer", "picture", "colors", "absolute_paths", "results", "size",
)  # fmt: skip

Check = Callable[[Subject], Iterator[Step]]
Fix = Callable[[Finding, Subject], "dict[str, Any] | None"]


def every() -> Iterator[tuple[str, Check]]:
    """All checks by their names."""
    for name in NAMES:
        yield name, import_module(f".{name}", __name__).check


def fix_of(name: str) -> Fix | None:
    """How findings of a check are mended, if they can be."""
    if name not in NAMES:
        return None
    return getattr(import_module(f".{name}", __name__), "fix", None)


def survey(subject: Subject) -> Iterator[Step]:
    """Read once what several checks need."""
    steps: Iterator[Step] = import_module("..survey", __name__).look(subject)
    return steps
