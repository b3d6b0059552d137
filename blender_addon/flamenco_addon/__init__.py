# SPDX-License-Identifier: GPL-3.0-or-later
"""Render on Flamenco: pack a .blend with all it uses, submit it to the farm, follow it, bring the results back.

bpy is imported when the add-on is registered, so that the modules of `core` run without Blender.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

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
    "ui.props",
    "ui.handlers",
    "ui.preferences",
    "ui.panels",
    "ui.menus",
    "ui.sending_view",
    "operators.job_actions",
    "operators.results",
    "ui.jobs_panel",
)

_registered: list[ModuleType] = []


def register() -> None:
    """Called by Blender when the add-on is enabled."""
    import bpy

    from . import libraries

    libraries.provide()
    from . import runtime

    runtime.begin()
    for name in MODULES:
        module = import_module(f".{name}", __package__)
        for each in getattr(module, "CLASSES", ()):
            bpy.utils.register_class(each)
        if hasattr(module, "register"):
            module.register()
        _registered.append(module)
    if not bpy.app.background:
        runtime.current().connect()


def unregister() -> None:
    """Called by Blender when the add-on is disabled, or Blender ends."""
    import bpy

    from . import libraries, runtime

    while _registered:
        module = _registered.pop()
        if hasattr(module, "unregister"):
            module.unregister()
        for each in reversed(getattr(module, "CLASSES", ())):
            bpy.utils.unregister_class(each)
    runtime.end()
    libraries.withdraw()
