"""What a job renders: the scene itself, its video edit, or nothing."""

from __future__ import annotations

from enum import Enum
from typing import Any

from ..scene.values import frame_range, has_sequencer
from .subject import Subject


class Rendered(Enum):
    """What the frames of a job show."""

    SCENE = "the scene"
    EDIT = "the video edit"
    NOTHING = "nothing"


def rendered(subject: Subject) -> Rendered:
    """What the job renders. A job type of the studio's own renders as the scene is set up."""
    scene, auto = subject.scene, _auto(subject.scene)
    kind = subject.job.type
    if kind == "still":
        return Rendered.SCENE
    if kind == "bake":
        return auto if subject.setting("render", False) else Rendered.NOTHING
    if kind == "video":
        wanted = {"pictures": Rendered.NOTHING, "sequencer": Rendered.EDIT, "render": Rendered.SCENE}
        return wanted.get(
            str(subject.setting("source", "auto")), Rendered.EDIT if has_sequencer(scene) else Rendered.SCENE
        )
    if kind == "render":
        return {"on": Rendered.EDIT, "off": Rendered.SCENE}.get(str(subject.setting("sequencer", "auto")), auto)
    return auto


def _auto(scene: Any) -> Rendered:
    return Rendered.EDIT if has_sequencer(scene) else Rendered.SCENE


def renders(subject: Subject) -> bool:
    """Whether there are pictures to be made at all."""
    return rendered(subject) is not Rendered.NOTHING


def wanted_format(subject: Subject) -> str:
    """The job's format where it is not the scene's own; empty if it is."""
    override = str(subject.job.overrides.get("format", ""))
    chosen = str(subject.setting("format", "scene"))
    return override if chosen == "scene" else chosen


def engine(subject: Subject) -> str:
    """The engine that the job is rendered with."""
    return str(subject.job.overrides.get("engine", "")) or str(subject.scene.render.engine)


def frames_text(subject: Subject) -> str:
    """The frames of the job, as people write them."""
    scene = subject.scene
    if subject.job.type == "still":
        return str(subject.setting("frame", scene.frame_current) or scene.frame_current)
    chosen = subject.job.settings.get("frames")
    if chosen:
        return str(chosen)
    return frame_range(scene)
