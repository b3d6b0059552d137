"""What a check found: how grave it is, what it is, where it is, and whether a button can mend it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum


class Severity(IntEnum):
    """How grave a finding is."""

    NOTE = 0  # tells
    WARNING = 1  # asks before the job is sent
    ERROR = 2  # blocks: the job would fail, or could not even be sent


class Editor:
    """Editors that can show where something is, by Blender's own names."""

    IMAGE = "IMAGE_EDITOR"
    SHADER = "ShaderNodeTree"
    GEOMETRY = "GeometryNodeTree"
    COMPOSITOR = "CompositorNodeTree"
    TEXTURE = "TextureNodeTree"
    SEQUENCER = "SEQUENCE_EDITOR"
    CLIP = "CLIP_EDITOR"
    TEXT = "TEXT_EDITOR"
    DRIVERS = "DRIVERS"
    OUTLINER = "OUTLINER"
    PREFERENCES = "PREFERENCES"
    # tabs of the properties editor
    OUTPUT = "OUTPUT"
    RENDER = "RENDER"
    SCENE = "SCENE"
    VIEW_LAYER = "VIEW_LAYER"
    PHYSICS = "PHYSICS"
    MODIFIER = "MODIFIER"


TABS = frozenset(
    (Editor.OUTPUT, Editor.RENDER, Editor.SCENE, Editor.VIEW_LAYER, Editor.PHYSICS, Editor.MODIFIER)
)  # fmt: skip


@dataclass(frozen=True)
class Place:
    """A data-block by its collection in bpy.data and its name, and the editor that shows it; either may be empty."""

    collection: str = ""  # like "images"
    name: str = ""
    library: str = ""  # of a linked data-block: its library's file, as Blender names it
    part: str = ""  # in the data-block: a node, a modifier, a strip, a view layer
    editor: str = ""  # one of `Editor`

    @property
    def label(self) -> str:
        """Where that is, in a few words; empty if it is in no data-block."""
        return f"{self.part} in {self.name}" if self.part and self.name else self.part or self.name


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, or worth knowing, before a job is sent."""

    check: str  # the name of the check, which is also that of its module
    severity: Severity
    text: str  # one sentence without a full stop at its end
    where: Place | None = None
    fix: str = ""  # the label of the button that mends it; empty: nothing can
    value: str = ""  # what the fix needs to know


def of(findings: Iterable[Finding], severity: Severity) -> list[Finding]:
    """Those of one severity."""
    return [each for each in findings if each.severity is severity]


def blocking(findings: Iterable[Finding]) -> list[Finding]:
    """Those that keep the job from being sent."""
    return of(findings, Severity.ERROR)


def asking(findings: Iterable[Finding]) -> list[Finding]:
    """Those that the artist is asked about before the job is sent."""
    return of(findings, Severity.WARNING)


def grouped(findings: Iterable[Finding]) -> list[list[tuple[int, Finding]]]:
    """Findings of the same check, severity and fix together, each with its index; in the order given."""
    groups: dict[tuple[str, Severity, str], list[tuple[int, Finding]]] = {}
    for index, finding in enumerate(findings):
        groups.setdefault((finding.check, finding.severity, finding.fix), []).append((index, finding))
    return list(groups.values())
