"""The render engine is one that workers have: they begin with a fresh Blender, without add-ons of the artist's."""

from __future__ import annotations

from collections.abc import Iterator

from ..findings import Editor, Finding, Severity
from ..rendering import Rendered, engine, rendered
from ..subject import Step, Subject

ON_WORKERS = frozenset(("CYCLES", "BLENDER_EEVEE", "BLENDER_EEVEE_NEXT", "BLENDER_WORKBENCH"))


def check(subject: Subject) -> Iterator[Step]:
    """An engine of an add-on ends every frame with an error."""
    used = engine(subject)
    if rendered(subject) is not Rendered.SCENE:
        return
    if used not in ON_WORKERS:
        yield Finding(
            "engine",
            Severity.ERROR,
            f"The render engine {used or '(unknown)'} comes from an add-on, which the workers do not have",
            subject.at(Editor.RENDER),
        )
    elif subject.job.type == "still" and used != "CYCLES" and int(subject.setting("sample_ranges", 1) or 1) > 1:
        yield Finding(
            "engine",
            Severity.ERROR,
            f"Only Cycles can split its samples among workers, the scene's engine is {used}",
            subject.at(Editor.RENDER),
        )
