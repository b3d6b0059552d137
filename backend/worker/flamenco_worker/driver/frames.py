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
    folder: Path | None = None  # of the stretch that is being rendered
    told: ClassVar[set[str]] = set()  # which files of the compositor were told of
    began = 0.0
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


def stretch(first: int, last: int, folder: str) -> dict[str, Any]:
    """Render the frames `first` to `last` in one go; each is told as an event as soon as it is written.

    Eevee prepares its lights anew whenever rendering begins, which may take longer than a frame.
    """
    changes = Changes()
    changes.set(scene(), "frame_step", 1)
    changes.set(scene().render, "filepath", str(Path(folder, f"{_NAME}####")))
    compositing.redirect(changes, scene(), Path(folder))
    _State.folder, _State.began, _State.render_seconds = Path(folder), time.time(), 0.0
    _State.told = set()
    try:
        _render(scene(), first, last, changes)
    finally:
        _State.folder = None
        changes.undo()
    return {}


def _written_now(scene: Any) -> dict[str, Any]:
    """What the frame of a stretch that was just written left; its files are the folder's newest."""
    assert _State.folder is not None
    number, now = scene.frame_current, time.time()
    own = f"{_NAME}{number:04d}"
    extras = compositing.written(_State.folder)
    answer = {
        "number": number,
        "files": _suffixes(_State.folder, own),
        "extras": {name: path for name, path in extras.items() if name not in _State.told},
        "began": _State.began,
        "ended": now,
        "render": _State.render_seconds,
    }
    _State.told = set(extras)
    _State.began, _State.render_seconds = now, 0.0
    return answer


def render_once(scene: Any, number: int, folder: str, changes: Changes | None = None) -> dict[str, Any]:
    """Render a frame as the scene stands; `changes` notes what has to be put back."""
    began = time.time()
    changes = changes or Changes()
    _State.render_seconds = 0.0
    changes.set(scene.render, "filepath", str(Path(folder, f"{_NAME}####")))
    compositing.redirect(changes, scene, Path(folder))
    _render(scene, number, number, changes)
    return {
        "files": _suffixes(Path(folder)),
        "extras": compositing.written(Path(folder)),
        "began": began,
        "ended": time.time(),
        "render": _State.render_seconds,
    }


def _render(scene: Any, first: int, last: int, changes: Changes) -> None:
    """Frames as `blender -f` renders them: without evaluating the scene for a viewport too."""
    operator = bpy.ops.render.render
    if "frame_start" in operator.get_rna_type().properties:
        result = operator(animation=True, scene=scene.name, frame_start=first, frame_end=last)
    elif first >= 0:
        _only(scene, first, last, changes)
        result = operator(animation=True, scene=scene.name)
    else:  # a scene's range cannot begin below zero
        scene.frame_set(first)
        scene.render.filepath = scene.render.filepath.replace("####", f"-{-first:04d}")
        result = operator(write_still=True, scene=scene.name)
    if "FINISHED" not in result:
        raise Problem(f"Blender did not render frame {first}")


def _only(scene: Any, first: int, last: int, changes: Changes) -> None:
    """Narrow the scene's range; simulation zones still begin where they did."""
    if not getattr(scene, "use_custom_simulation_range", True):
        changes.set(scene, "simulation_frame_start", scene.frame_start)
        changes.set(scene, "simulation_frame_end", scene.frame_end)
        changes.set(scene, "use_custom_simulation_range", True)
    changes.set(scene, "frame_start", first)
    changes.set(scene, "frame_end", last)


def _suffixes(folder: Path, own: str = _NAME) -> dict[str, str]:
    """A frame's files: what follows the frame number (a view's suffix, the extension) -> path."""
    found = {}
    for path in sorted(folder.glob(f"{own}*")):
        suffix = path.name[len(own) :]
        if own == _NAME:
            suffix = suffix.lstrip("-0123456789")
        if not suffix[:1].isdigit():  # of frame 1000 is not of frame 100
            found[suffix] = str(path)
    return found


def listen(say: Callable[[str], None], say_frame: Callable[[dict[str, Any]], None]) -> None:
    """Call `say` with what the renderer tells, now and then, and `say_frame` with each frame of a stretch.

    Blender 3.4 prints what later ones tell.
    """
    last = {True: 0.0, False: 0.0}

    def told(*arguments: Any) -> None:
        text = next((each for each in arguments if isinstance(each, str)), "")
        # These say how far it is, and there may be few: other words must not crowd them out.
        counts = ("ample" in text or "Tile" in text) and "Sample 0/" not in text
        if text and time.monotonic() - last[counts] > _SECONDS_BETWEEN_WORDS:
            last[counts] = time.monotonic()
            say(text)

    def moved(scene: Any, *_more: Any) -> None:
        told(f"{_MOVED}{scene.frame_current}")

    def begins(*_arguments: Any) -> None:
        _State.render_began = time.time()

    def ends(*_arguments: Any) -> None:
        _State.render_seconds += time.time() - _State.render_began

    def written(scene: Any, *_more: Any) -> None:
        if _State.folder is not None:
            say_frame(_written_now(scene))

    handlers = bpy.app.handlers
    handlers.render_write.append(persistent(written))
    handlers.frame_change_post.append(persistent(moved))
    handlers.render_stats.append(persistent(told))
    handlers.render_pre.append(persistent(begins))
    handlers.render_post.append(persistent(ends))
