"""Jobs compiled by the built-in job types, through the server's own way, and the commands that their tasks give."""

from __future__ import annotations

from typing import Any

import pytest
from flamenco_common.authoring import Step
from flamenco_common.templates import fill
from flamenco_server.errors import Invalid
from flamenco_server.modules.jobs.compilers import Compilers, built_in
from flamenco_server.modules.jobs.compiling import Compilation, compiled

COMPILERS = Compilers([built_in()])
SCENE = {
    "frame_range": "1-10", "frame": 7, "fps": 24.0, "format": "PNG", "color_depth": "8", "engine": "CYCLES",
    "width": 960, "height": 540, "resolution_x": 1920, "resolution_y": 1080, "resolution_percentage": 50,
    "samples": 100, "scene": "Scene", "camera": "Camera", "cameras": ["Camera", "Close"],
    "view_layers": ["ViewLayer", "Back/ground"], "has_sequencer": False, "has_sound": False, "simulations": [],
}  # fmt: skip


class Compiled:
    """The steps of a job."""

    def __init__(self, steps: list[Step]) -> None:
        self.steps = {step.name: step for step in steps}

    def __getitem__(self, name: str) -> Step:
        return self.steps[name]

    @property
    def names(self) -> list[str]:
        """The steps in order."""
        return list(self.steps)

    @property
    def waits(self) -> dict[str, list[str]]:
        """What each step waits for."""
        return {name: list(step.after) for name, step in self.steps.items()}

    def commands(self, name: str) -> list[Any]:
        """All commands of all tasks of a step, as a worker gets them."""
        step = self.steps[name]
        variables = {"job": "/j", "output": "/o"}
        return [command for params in step.tasks for command in fill(step.template, params, variables)]

    def command(self, name: str) -> Any:
        """The one command of a step of one task."""
        (found,) = self.commands(name)
        return found


def compile_with(
    type_: str,
    settings: dict[str, Any] | None = None,
    *,
    scene: dict[str, Any] | None = None,
    preset: dict[str, Any] | None = None,
    overrides: dict[str, Any] | None = None,
    blend: str = "set/shot.blend",
    files: list[str] | None = None,
    name: str = "shot",
) -> Compiled:
    """A job of that type; `scene` changes what the usual scene says (None: it does not tell)."""
    told = {key: value for key, value in {**SCENE, **(scene or {})}.items() if value is not None}
    what = Compilation(
        type=type_,
        name=name,
        settings=settings or {},
        scene=told if blend else {},
        preset=preset or {},
        overrides=overrides or {},
        blend=blend,
        files=files if files is not None else [blend],
        blender="",
        tags=[],
        allow_missing=False,
        allow_scripts=False,
    )
    return Compiled(compiled(COMPILERS, what))


def refusal(type_: str, settings: dict[str, Any] | None = None, **more: Any) -> tuple[str, str]:
    """The field and the sentence with which a submission is refused."""
    with pytest.raises(Invalid) as caught:
        compile_with(type_, settings, **more)
    assert "\n" not in str(caught.value)
    return caught.value.field, str(caught.value)
