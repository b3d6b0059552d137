"""Run in a Blender with the add-on: scenes that have a fault each, and what preflight says of them, as JSON.

Of each case there is a scene with the fault and one without. If the finding has a fix, it is made by the real
operator, checked again, then undone and checked again.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import bpy

sys.path.insert(0, str(Path(__file__).parent))  # Blender's Python knows nothing of the tests
from preflight_scenes.scene import no_camera, region
from preflight_scenes.stage import CASES, TARGET, Scene, add_object, forget_all, fresh, here, preflight, runtime


def shown(findings: list[Any]) -> list[dict[str, Any]]:
    return [
        {
            "check": each.check,
            "severity": each.severity.name,
            "text": each.text,
            "fix": each.fix,
            "where": each.where and [each.where.collection, each.where.name, each.where.part, each.where.editor],
        }
        for each in findings
    ]


def checked() -> list[Any]:
    bpy.ops.flamenco.check()
    return list(runtime.current().findings)


def observe(check: str, bad: Scene, good: Scene) -> dict[str, Any]:
    forget_all()
    bad()
    found = checked()
    seen: dict[str, Any] = {"check": check, "bad": shown(found)}
    fixable = next((number for number, each in enumerate(found) if each.fix and each.check == check), None)
    selectable = [number for number, each in enumerate(found) if each.where]
    seen["selected"] = [select(number) for number in selectable]
    if fixable is not None:
        bpy.ops.ed.undo_push(message="before")
        choices = dict(runtime.current().choices.all(runtime.current().blend))
        bpy.ops.flamenco.fix_finding(index=fixable, alike=True)
        seen["fixed"] = shown(runtime.current().findings)
        seen["chosen"] = runtime.current().choices.all(runtime.current().blend) != choices
        if not seen["chosen"]:
            bpy.ops.ed.undo()
            seen["undone"] = shown(checked())
    forget_all()
    good()
    seen["good"] = shown(checked())
    return seen


def select(number: int) -> str:
    """Go to a finding; what became active."""
    bpy.ops.flamenco.select_finding(index=number)
    active = bpy.context.view_layer.objects.active
    return active.name if active is not None and active.select_get() else ""


def gate() -> dict[str, Any]:
    """What scripts hear of errors and warnings, and that a job comes of a scene without errors."""
    told: dict[str, Any] = {}
    forget_all()
    region()
    for name, options in (("strict", {"ignore_warnings": False}), ("lax", {})):
        try:
            bpy.ops.flamenco.submit_job(name="gate", **options)
            told[name] = runtime.current().last_job
        except RuntimeError as error:
            told[name] = str(error)
    no_camera()
    for name, operator in (("error", bpy.ops.flamenco.submit_job), ("button", bpy.ops.flamenco.send)):
        try:
            operator()
            told[name] = "sent"
        except RuntimeError as error:
            told[name] = str(error)
    return told


def pauses() -> dict[str, int]:
    """How often the reading of a large scene can be interrupted."""
    forget_all()
    fresh()
    mesh = bpy.data.meshes.new("Many")
    for number in range(MANY):
        add_object(f"many{number:05d}", mesh)
        block = bpy.data.materials.new(f"many{number:05d}")
        block.use_fake_user = True
    collecting = preflight.Collecting(here.subject(bpy.context.scene))
    steps = 1
    while not collecting.step(0.0):
        steps += 1
    return {"blocks": 2 * MANY, "steps": steps}


MANY = 2000
results: dict[str, Any] = {}
for name, (check, bad, good) in CASES.items():
    began = time.perf_counter()
    print("CASE", name, flush=True)
    try:
        results[name] = observe(check, bad, good)
    except Exception:
        import traceback

        results[name] = {"error": traceback.format_exc()}
    results[name]["seconds"] = time.perf_counter() - began
for name, view in (("gate", gate), ("pauses", pauses)):
    print("CASE", name, flush=True)
    results[name] = view()
Path(TARGET).write_text(json.dumps(results, indent=1), encoding="utf-8")
print("DONE", len(results))
