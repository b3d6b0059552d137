# SPDX-License-Identifier: GPL-3.0-or-later
"""What is open in Blender, as it is at this moment, as a file; the artist's own file is never touched.

A file that is saved and has not changed is taken as it lies. Of all else Blender writes a copy into a temporary folder,
with what is being edited or sculpted in it; `flamenco_client.pack` packs it as if it lay at the file's own place.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy
from bpy.app.handlers import persistent
from flamenco_client.errors import ClientError, LocalFault

from ..core.snapshot import PREFIX, Snapshot, Stamp
from .values import scene_values

UNTITLED = "untitled.blend"

MARK_PASSES = 50  # of the event loop, within which Blender hears that a copy was written; it is the next one or two


@dataclass
class Watch:
    """What is known of the file that is open; Blender's handlers get no argument that could carry it."""

    path: str = ""
    stamp: Stamp | None = None  # of the file on disk when it was opened or saved here
    copying: bool = False  # our own copy is being written
    marking: int = 0  # passes of the event loop that are left to mark the file as changed again


_watch = Watch()


def capture(scene: bpy.types.Scene, *, always_copy: bool = False) -> Snapshot:
    """The exact state of what is open. On the main thread, in object or any other mode. Raises `LocalFault`.

    `always_copy`: a script's changes do not count as changes for Blender, so that it may not know of them.
    """
    major, minor = bpy.app.version[:2]
    path = str(bpy.data.filepath)
    if path and not always_copy and is_saved():
        return Snapshot(Path(path), scene_values(scene), f"{major}.{minor}", stamp=_watch.stamp)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    copy = folder / (Path(path).name if path else UNTITLED)
    try:
        write_copy(copy)
        source = Path(path) if path else copy
        return Snapshot(source, scene_values(scene), f"{major}.{minor}", copy, folder)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def is_saved() -> bool:
    """Whether the file on disk is what is open."""
    path = str(bpy.data.filepath)
    known = bool(path) and path == _watch.path and _watch.stamp is not None
    return known and not bpy.data.is_dirty and Stamp.of(Path(path)) == _watch.stamp


def write_copy(target: Path) -> None:
    """Write what is open to another file. Raises `LocalFault`."""
    save: Any = bpy.ops.wm.save_as_mainfile
    options = {"copy": True, "compress": False, "relative_remap": False, "check_existing": False}
    changed = bpy.data.is_dirty
    with _no_traces():
        try:
            done = save("EXEC_DEFAULT", filepath=str(target), **options)
        except RuntimeError as error:
            raise LocalFault(f"a copy of the scene cannot be saved: {sentence(error)}") from error
    if changed and not bpy.app.background:
        _watch.marking = MARK_PASSES
        if not bpy.app.timers.is_registered(_mark_changed):
            bpy.app.timers.register(_mark_changed, first_interval=0.0)
    if "FINISHED" not in done or not target.is_file():
        raise LocalFault("a copy of the scene cannot be saved; Blender's console may say why")


def _mark_changed() -> float | None:
    """Mark what is open as changed: Blender takes it for saved once it hears, a moment later, that any copy was written."""
    _watch.marking -= 1
    if _watch.marking < 0:
        return None
    if bpy.data.is_dirty:
        return 0.0
    preferences, manager = bpy.context.preferences, bpy.context.window_manager
    assert preferences is not None
    assert manager is not None
    push: Any = bpy.ops.ed.undo_push
    with _kept(preferences), bpy.context.temp_override(window=manager.windows[0]):
        steps = preferences.edit.undo_steps
        # Without any steps this marks the file, and leaves what can be undone and redone alone.
        preferences.edit.undo_steps = 0
        try:
            push(message="Render on Flamenco")
        finally:
            preferences.edit.undo_steps = steps
    return None


@contextlib.contextmanager
def _kept(preferences: bpy.types.Preferences) -> Iterator[None]:
    """What is changed in the preferences for a moment is no reason to save them."""
    changed = preferences.is_dirty
    try:
        yield
    finally:
        preferences.is_dirty = changed


def sentence(error: RuntimeError) -> str:
    """What an operator reported, on one line."""
    return " ".join(str(error).removeprefix("Error: ").split())


@contextlib.contextmanager
def _no_traces() -> Iterator[None]:
    """Nothing of a save but the file: no thumbnail in the user's cache, nothing packed into what is open."""
    preferences = bpy.context.preferences
    assert preferences is not None
    files = preferences.filepaths
    preview, autopack = files.file_preview_type, bpy.data.use_autopack
    _watch.copying = True
    with _kept(preferences):
        try:
            files.file_preview_type = "NONE"
            bpy.data.use_autopack = False
            yield
        finally:
            files.file_preview_type = preview
            bpy.data.use_autopack = autopack
            _watch.copying = False


@persistent  # type: ignore[untyped-decorator]
def note_file(saved: object = None, *_: object) -> None:
    """Remember what the file was like when it was opened or saved: somebody else may save it meanwhile.

    `saved` is the path since 4.0; a copy that was saved elsewhere says nothing of the file.
    """
    path = str(bpy.data.filepath)
    if not _watch.copying and (not isinstance(saved, str) or not saved or Path(saved) == Path(path)):
        _watch.path, _watch.stamp, _watch.marking = path, Stamp.of(Path(path)) if path else None, 0


def refuse_unsaved() -> None:
    """Workers with shared storage render the file as it lies. Raises `ClientError` unless that is what is open."""
    if not bpy.data.filepath:
        raise ClientError("the workers share the storage and render the file where it lies: save it there first")
    if bpy.data.is_dirty and not bpy.app.background:  # which says so of every file
        raise ClientError("the workers share the storage and would render the file as it was saved: save it first")


def register() -> None:
    """Watch the file."""
    bpy.app.handlers.load_post.append(note_file)
    bpy.app.handlers.save_post.append(note_file)
    with contextlib.suppress(AttributeError):  # at Blender's start there may be no file yet
        note_file()


def unregister() -> None:
    """Watch no longer."""
    for handlers in (bpy.app.handlers.load_post, bpy.app.handlers.save_post):
        if note_file in handlers:
            handlers.remove(note_file)
    if bpy.app.timers.is_registered(_mark_changed):
        bpy.app.timers.unregister(_mark_changed)
