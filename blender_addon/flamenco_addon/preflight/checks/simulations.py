"""Simulations are baked: a worker that begins in the middle would not know what was before."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

from ...core.choices import setting_key
from .. import frame_lists
from ..bakes import Bakes
from ..disk import Disk
from ..findings import Finding, Severity
from ..rendering import Rendered, frames_text, rendered
from ..subject import Later, SimulationUse, Step, Subject

BAKE = "Bake and render on the farm"
NOT_BY_BAKE = ("hair", "paint")
WORDS = {
    "cloth": "cloth", "softbody": "soft body", "particles": "particle", "hair": "hair", "fluid": "fluid",
    "nodes": "geometry-nodes", "paint": "dynamic paint", "rigidbody": "rigid body",
}  # fmt: skip


def check(subject: Subject) -> Iterator[Step]:
    """Those that are not baked, and those whose settings were changed since; none where no frame is after their first."""
    if rendered(subject) is not Rendered.SCENE:
        return
    frames = frame_lists.numbers(frames_text(subject))
    last = frames[-1] if frames else math.inf
    found = [use for use in subject.simulations if last > use.start and not by_the_job(subject, use)]
    can_bake = subject.catalogue is not None and subject.catalogue.job_type("bake") is not None
    yield Later(unbaked(found, can_bake and subject.job.type == "render"))


def by_the_job(subject: Subject, use: SimulationUse) -> bool:
    """Whether the job itself bakes it."""
    if subject.job.type != "bake" or use.kind in NOT_BY_BAKE:
        return False
    wanted = subject.job.settings.get("simulations")
    return not wanted or use.key in wanted


def unbaked(found: list[SimulationUse], can_bake: bool) -> Callable[[Disk], Iterator[Finding]]:
    """What is found once the disk is asked for bakes of geometry nodes."""

    def answer(disk: Disk) -> Iterator[Finding]:
        bakes = Bakes(disk)
        for use in dict.fromkeys(found):
            baked = bakes.made(use)
            fix = BAKE if can_bake and not use.linked and use.kind not in NOT_BY_BAKE else ""
            if baked is None:
                text = f"Whether the {named(use)} is baked can be told once the file is saved, as it would be packed into it"
                yield Finding("simulations", Severity.NOTE, text, use.place)
            elif not baked:
                text = f"The {named(use)} is not baked: frames by different workers would not fit together"
                yield Finding("simulations", Severity.WARNING, text, use.place, fix=fix)
            elif use.outdated:
                text = f"The {named(use)} was changed since it was baked"
                yield Finding("simulations", Severity.WARNING, text, use.place, fix=fix)

    return answer


def named(use: SimulationUse) -> str:
    """A simulation in words."""
    return f"{WORDS[use.kind]} simulation of {use.place.name}"


def fix(finding: Finding, subject: Subject) -> dict[str, Any]:
    """Let the farm bake, then render."""
    return {"job_type": "bake", setting_key("bake", "render"): True}
