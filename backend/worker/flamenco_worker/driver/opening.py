"""Open a .blend once and bring it to what the job asks for; what is missing is named before the first frame."""

from __future__ import annotations

from typing import Any

import bpy

from . import frames, missing, overrides
from .problems import Problem


def open_file(
    blend: str,
    scene: str = "",
    settings: dict[str, Any] | None = None,
    allow_missing: bool = False,
    allow_scripts: bool = False,
    threads: int = 0,
    for_bake: bool = False,
) -> dict[str, Any]:
    """Open `blend`; raises `Problem` if it cannot be read, lacks the scene or needs files that are not there."""
    frames.forget()
    _load(blend, allow_scripts)
    chosen = _scene(scene)
    warnings = overrides.apply(chosen, settings or {})
    if threads and "threads" not in (settings or {}):
        overrides.apply(chosen, {"threads": threads})
    warnings += _scripts_held_back(allow_scripts)
    gone = missing.files(chosen)
    stale = missing.caches(chosen)
    refused = gone + ([] if for_bake else stale)  # a bake may be about to make that cache
    if refused and not allow_missing:
        missing.refuse(refused)
    frames.use(chosen, allow_missing, settings or {})
    return {"warnings": warnings + [f"missing: {each}" for each in gone + stale], "scene": chosen.name}


def _load(blend: str, allow_scripts: bool) -> None:
    try:
        bpy.ops.wm.open_mainfile(filepath=blend, load_ui=False, use_scripts=allow_scripts)
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[0].removeprefix("Error: ").strip()
        raise Problem(f"Blender cannot open {blend}: {reason}") from error


def _scene(name: str) -> Any:
    if not name:
        return bpy.context.scene
    found = bpy.data.scenes.get(name)
    if found is None:
        raise Problem(f"the file has no scene {name!r}; it has {', '.join(s.name for s in bpy.data.scenes)}")
    return found


def _scripts_held_back(allow_scripts: bool) -> list[str]:
    if allow_scripts or not bpy.app.autoexec_fail:
        return []
    return [f"scripts of the file were not run: {bpy.app.autoexec_fail_message}"]
