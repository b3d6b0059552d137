# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done when a .blend is saved or loaded: choices go with the file."""

from __future__ import annotations

import bpy
from bpy.app.handlers import persistent

from .. import runtime

_before: list[str] = []  # the path that the .blend had when its saving began


@persistent  # type: ignore[untyped-decorator]
def saving(*_: object) -> None:
    """The .blend is about to be saved."""
    _before[:] = [runtime.current().blend]


@persistent  # type: ignore[untyped-decorator]
def saved(*_: object) -> None:
    """The .blend was saved; under another name it begins with the choices of the old one."""
    state = runtime.current()
    if _before and _before[0] != state.blend:
        state.choices.follow(_before[0], state.blend)
        state.save_soon()
    _before.clear()


@persistent  # type: ignore[untyped-decorator]
def loaded(*_: object) -> None:
    """Another .blend is open; its choices are looked up by its path."""
    runtime.current().choices.save()


HANDLERS = (("save_pre", saving), ("save_post", saved), ("load_post", loaded))


def register() -> None:
    """Blender enables the add-on."""
    for name, handler in HANDLERS:
        getattr(bpy.app.handlers, name).append(handler)


def unregister() -> None:
    """Blender disables the add-on."""
    for name, handler in HANDLERS:
        getattr(bpy.app.handlers, name).remove(handler)
    _before.clear()


CLASSES: tuple[type, ...] = ()
