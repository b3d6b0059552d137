# SPDX-License-Identifier: GPL-3.0-or-later
"""Render on Flamenco: pack a .blend with all it uses, submit it to the farm, follow it, bring the results back.

bpy is imported when the add-on is registered, so that the modules of `core` run without Blender.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import import_module

bl_info = {
    "name": "Flamenco",
    "author": "The Flamenco developers",
    "version": (4, 0, 0),
    "blender": (3, 4, 0),
    "location": "Output Properties > Flamenco, and Render > Render on Flamenco",
    "description": "Render on the studio's farm: pack, submit, follow, and bring the frames back",
    "category": "Render",
}

# In the order in which they are registered; each has CLASSES, and may have register() and unregister().
MODULES: tuple[str, ...] = (
    "scene.saving",
    "operators.submit",
    "operators.sending",
    "operators.sign_in",
    "operators.connection",
    "operators.form",
    "operators.presets",
    "ui.props",
    "ui.handlers",
    "ui.preferences",
    "ui.panels",
    "ui.menus",
    "ui.sending_view",
    "operators.job_actions",
    "operators.results",
    "operators.showing",
    "ui.jobs_panel",
    "preflight.operators",
    "preflight.panel",
    "preflight.gate",
)

_undo: list[Callable[[], object]] = []  # what takes back, last first, what is registered now


def register() -> None:
    """Called by Blender when the add-on is enabled; what fails leaves nothing behind."""
    from . import libraries

    libraries.provide()
    _undo.append(libraries.withdraw)
    try:
        _register()
    except Exception:
        unregister()
        raise


def _register() -> None:
    import bpy

    from . import runtime

    runtime.begin()
    _undo.append(runtime.end)
    for name in MODULES:
        module = import_module(f".{name}", __package__)
        for each in getattr(module, "CLASSES", ()):
            bpy.utils.register_class(each)
            _undo.append(partial(bpy.utils.unregister_class, each))
        if hasattr(module, "register"):
            module.register()
        if hasattr(module, "unregister"):
            _undo.append(module.unregister)
    if not bpy.app.background:
        runtime.current().connect()


def unregister() -> None:
    """Called by Blender when the add-on is disabled, or Blender ends; one fault does not keep the rest registered."""
    faults = []
    while _undo:
        try:
            _undo.pop()()
        except Exception as fault:
            faults.append(fault)
    if faults:
        raise faults[0]
