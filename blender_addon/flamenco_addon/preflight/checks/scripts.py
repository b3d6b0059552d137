"""Scripts in the .blend: the workers run them only for projects that the farm's admin trusts."""

from __future__ import annotations

from collections.abc import Iterator

from ..findings import Editor, Finding, Place, Severity
from ..subject import Step, Subject, linked_from


def check(subject: Subject) -> Iterator[Step]:
    """Text blocks that run when the file is opened."""
    if subject.scripts_allowed or subject.catalogue is None:
        return
    project = f"the project {subject.job.project}" if subject.job.project else "a job without a project"
    for text in subject.data.texts:
        if runs_at_load(text):
            yield Finding(
                "scripts",
                Severity.WARNING,
                f"The script {text.name} runs as the file is opened (Register), but not on the farm: {project} may run none",
                Place("texts", text.name, linked_from(text), editor=Editor.TEXT),
            )


def runs_at_load(text: object) -> bool:
    """Whether Blender runs a text block as it opens the file."""
    return bool(getattr(text, "use_module", False)) and str(getattr(text, "name", "")).endswith(".py")
