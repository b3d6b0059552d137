"""Render frames of the open file; settings of a request hold until the next request brings others."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import bpy
from bpy.app.handlers import persistent

from . import choices, compositing, missing, sequences
from .changes import Changes
from .problems import Problem

_NAME = "f"  # of a frame's files; the number follows
_MOVED = "Fra:"  # what Blender itself begins its lines with
_SECONDS_BETWEEN_WORDS = 0.2


class _State:
    """What the requests of one open file share."""

    scene: Any = None
    allow_missing = False
    sequences: ClassVar[list[sequences.Sequence]] = []
    settings: ClassVar[dict[str, Any]] = {}
    wanted: dict[str, Any] | None = None
    changes = Changes()
    render_began = 0.0
    render_seconds = 0.0


def use(scene: Any, allow_missing: bool, settings: dict[str, Any]) -> None:
    """Frames are of `scene` from now on; those of `settings` that are about images wait for a format."""
    _State.scene, _State.allow_missing, _State.settings = scene, allow_missing, settings
    _State.sequences = sequences.used()


def scene() -> Any:
    """The scene that is open."""
    if _State.scene is None:
        raise Problem("no file is open")
    return _State.scene


def forget() -> None:
    """Another file comes: what was changed in the last one does not matter."""
    _State.scene, _State.wanted, _State.changes = None, None, Changes()


def plain() -> Any:
    """The open scene as the job has it, without what an earlier request chose."""
    _State.changes.undo()
    _State.wanted = None
    return scene()


def setup(numbers: list[int], **wanted: Any) -> dict[str, Any]:
    """Bring the scene to what the frames `numbers` need; say what they will be. Raises `Problem`."""
    gone = sequences.missing(_State.sequences, numbers)
    if gone and not _State.allow_missing:
        missing.refuse(gone)
    if _State.wanted != wanted:
        choose(_State.changes, plain(), **wanted)
        _State.wanted = wanted
    return {"warnings": [f"missing: {each}" for each in gone], **choices.facts(scene(), wanted)}


def choose(changes: Changes, scene: Any, **wanted: Any) -> None:
    """Change the scene to what is wanted, with the job's settings for images. Raises `Problem`."""
    choices.apply(changes, scene, image=_State.settings, **wanted)


def frame(number: int, folder: str, layer: str = "") -> dict[str, Any]:
    """Render a frame into the empty folder `folder`; only `layer` if it is named. Answers what is there then."""
    changes = Changes()
    try:
        if layer:
            for each in scene().view_layers:
                changes.set(each, "use", each.name == layer)
        return render_once(scene(), number, folder, changes)
    finally:
        changes.undo()


def render_once(scene: Any, number: int, folder: str, changes: Changes | None = None) -> dict[str, Any]:
    """Render a frame as the scene stands; `changes` notes what has to be put back."""
    began = time.time()
    changes = changes or Changes()
    _State.render_seconds = 0.0
    changes.set(scene.render, "filepath", str(Path(folder, f"{_NAME}####")))
    compositing.redirect(changes, scene, Path(folder))
    _render(scene, number, changes)
    return {
        "files": _suffixes(Path(folder)),
        "extras": compositing.written(Path(folder)),
        "began": began,
        "ended": time.time(),
        "render": _State.render_seconds,
    }


def _render(scene: Any, number: int, changes: Changes) -> None:
    """One frame as `blender -f` renders it: without evaluating the scene for a viewport too."""
    operator = bpy.ops.render.render
    if "frame_start" in operator.get_rna_type().properties:
        result = operator(animation=True, scene=scene.name, frame_start=number, frame_end=number)
    elif number >= 0:
        _only(scene, number, changes)
        result = operator(animation=True, scene=scene.name)
    else:  # a scene's range cannot begin below zero
        scene.frame_set(number)
        scene.render.filepath = scene.render.filepath.replace("####", f"-{-number:04d}")
        result = operator(write_still=True, scene=scene.name)
    if "FINISHED" not in result:
        raise Problem(f"Blender did not render frame {number}")


def _only(scene: Any, number: int, changes: Changes) -> None:
    """Narrow the scene's range to one frame; simulation zones still begin where they did."""
    if not getattr(scene, "use_custom_simulation_range", True):
        changes.set(scene, "simulation_frame_start", scene.frame_start)
        changes.set(scene, "simulation_frame_end", scene.frame_end)
        changes.set(scene, "use_custom_simulation_range", True)
    changes.set(scene, "frame_start", number)
    changes.set(scene, "frame_end", number)


def _suffixes(folder: Path) -> dict[str, str]:
    """The frame's files: what follows the frame number (a view's suffix, the extension) -> path."""
    found = {}
    for path in sorted(folder.glob(f"{_NAME}*")):
        found[path.name[len(_NAME) :].lstrip("-0123456789")] = str(path)
    return found


def report_progress(say: Callable[[str], None]) -> None:
    """Call `say` with what the renderer tells, now and then; Blender 3.4 prints it instead."""
    last = {True: 0.0, False: 0.0}

    def told(*arguments: Any) -> None:
        text = next((each for each in arguments if isinstance(each, str)), "")
        counts = "ample" in text or "Tile" in text  # these say how far it is: other words must not crowd them out
        if text and time.monotonic() - last[counts] > _SECONDS_BETWEEN_WORDS:
            last[counts] = time.monotonic()
            say(text)

    def moved(scene: Any, *_more: Any) -> None:
        told(f"{_MOVED}{scene.frame_current}")

    def begins(*_arguments: Any) -> None:
        _State.render_began = time.time()

    def ends(*_arguments: Any) -> None:
        _State.render_seconds += time.time() - _State.render_began

    handlers = bpy.app.handlers
    handlers.frame_change_post.append(persistent(moved))
    handlers.render_stats.append(persistent(told))
    handlers.render_pre.append(persistent(begins))
    handlers.render_post.append(persistent(ends))
