"""The video edit."""

from __future__ import annotations

import bpy

from .files import strip_there
from .stage import case, choose, fresh


def edit_of_sound() -> None:
    fresh()
    bpy.context.scene.sequence_editor_create()


@case("sequencer", edit_of_sound)
def edit_instead() -> None:
    strip_there()


@case("sequencer", strip_there)
def no_edit() -> None:
    fresh()
    choose(render__sequencer="on")
