"""Runs in a Blender where the add-on is enabled: what does it leave behind when it is disabled?

Prints one line of JSON after `TRACES`: for each round of disabling and enabling, what was there only while it was
enabled, and what was still there afterwards.
"""

import inspect
import json
import sys
import threading

import addon_utils
import bpy

MODULE = sys.argv[-1]
timers = set()
register_timer = bpy.app.timers.register


def noted(function, *args, **more):
    timers.add(function)
    return register_timer(function, *args, **more)


bpy.app.timers.register = noted


def keymap_items():
    manager = bpy.context.window_manager
    for config in manager.keyconfigs:
        for keymap in config.keymaps:
            for item in keymap.keymap_items:
                yield f"keymap {config.name} / {keymap.name} / {item.idname}"


def handlers():
    for name in dir(bpy.app.handlers):
        listed = getattr(bpy.app.handlers, name)
        if isinstance(listed, list):
            yield from (f"handler {name} {each.__module__}.{each.__name__}" for each in listed)


def types():
    for name in dir(bpy.types):
        kind = getattr(bpy.types, name)
        yield f"type {name}"
        if inspect.isclass(kind) and hasattr(kind, "bl_rna"):
            yield from (f"property {name}.{each}" for each in kind.bl_rna.properties.keys())  # noqa: SIM118
        drawn = getattr(getattr(kind, "draw", None), "_draw_funcs", ())
        yield from (f"draw {name} {each.__module__}.{each.__name__}" for each in drawn)


def everything():
    found = {*keymap_items(), *handlers(), *types()}
    found |= {f"operator {each}" for each in dir(bpy.ops.flamenco)}
    found |= {f"module {each}" for each in sys.modules if "flamenco" in each and each != MODULE}
    found |= {f"path {each}" for each in sys.path}
    found |= {f"thread {each.name}" for each in threading.enumerate()}
    found |= {f"timer {each}" for each in timers if bpy.app.timers.is_registered(each)}
    return found


# At the start, before there is a window, Blender has no key map for add-ons yet.
addon_utils.disable(MODULE)
addon_utils.enable(MODULE)
rounds = []
before = None
for _ in range(2):
    enabled = everything()
    addon_utils.disable(MODULE)
    disabled = everything()
    before = before or disabled
    addon_utils.enable(MODULE)
    assert MODULE in bpy.context.preferences.addons or addon_utils.check(MODULE)[1], "not enabled again"
    rounds.append(
        {"own": sorted(enabled - disabled), "new": sorted(disabled - before), "again": sorted(everything() - enabled)}
    )


def failing(kind):
    """Registers all but one of the last classes of the add-on."""
    if kind.__name__ == BROKEN:
        raise RuntimeError("this class is broken on purpose")
    register_class(kind)


# A start that fails: it says so, and leaves no more behind than being disabled does.
addon_utils.disable(MODULE)
register_class, bpy.utils.register_class = bpy.utils.register_class, failing
BROKEN = sorted(each.split()[1] for each in rounds[0]["own"] if each.startswith("type FLAMENCO_PT_"))[0]
faults = []
addon_utils.enable(MODULE, handle_error=faults.append)
bpy.utils.register_class = register_class
assert any("broken on purpose" in str(each) for each in faults), faults
rounds[-1]["failed"] = sorted(everything() - before)
print("TRACES", json.dumps({"rounds": rounds, "disabled": sorted(before)}))
