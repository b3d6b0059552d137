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
from pathlib import Path
from typing import Any

import bpy
from bpy.app.handlers import persistent
from flamenco_client.errors import ClientError, LocalFault

from ..core.snapshot import Snapshot
from .values import scene_values

UNTITLED = "untitled.blend"

Stamp = tuple[str, int, int]

_opened: Stamp | None = None  # the file on disk when it was opened or saved here; handlers get no argument to carry it


def capture(scene: bpy.types.Scene, *, always_copy: bool = False) -> Snapshot:
    """The exact state of what is open. On the main thread, in object or any other mode. Raises `LocalFault`.

    `always_copy`: a script's changes do not count as changes for Blender, so that it may not know of them.
    """
    major, minor = bpy.app.version[:2]
    path = str(bpy.data.filepath)
    if path and not always_copy and is_saved():
        return Snapshot(Path(path), scene_values(scene), f"{major}.{minor}")
    folder = Path(tempfile.mkdtemp(prefix="flamenco-"))
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
    return bool(path) and not bpy.data.is_dirty and _opened is not None and stamp_of(path) == _opened


def write_copy(target: Path) -> None:
    """Write what is open to another file. Raises `LocalFault`."""
    save: Any = bpy.ops.wm.save_as_mainfile
    changed = bpy.data.is_dirty
    with _no_traces():
        try:
            done = save(
                "EXEC_DEFAULT",
                filepath=str(target),
                copy=True,
                compress=False,
                relative_remap=False,
                check_existing=False,
            )
        except RuntimeError as error:
            raise LocalFault(f"a copy of the scene cannot be saved: {sentence(error)}") from error
    if changed and not bpy.app.background:
        bpy.app.timers.register(_still_changed, first_interval=0.0)
    if "FINISHED" not in done or not target.is_file():
        raise LocalFault("a copy of the scene cannot be saved; Blender's console may say why")


def _still_changed() -> None:
    """Mark what is open as changed: Blender takes it for saved once it has heard that any copy was written.

    It hears of that with its next events, so it cannot be told before; a step of undo is all that marks it.
    """
    window = bpy.context.window_manager.windows[0] if bpy.context.window_manager else None
    if not bpy.data.is_dirty and window is not None:
        with bpy.context.temp_override(window=window):
            push: Any = bpy.ops.ed.undo_push
            push(message="Render on Flamenco")


def sentence(error: RuntimeError) -> str:
    """What an operator reported, on one line."""
    return " ".join(str(error).removeprefix("Error: ").split())


@contextlib.contextmanager
def _no_traces() -> Iterator[None]:
    """Nothing of a save but the file: no thumbnail in the user's cache, nothing packed into what is open."""
    preferences = bpy.context.preferences
    assert preferences is not None
    files = preferences.filepaths
    changed, preview, autopack = preferences.is_dirty, files.file_preview_type, bpy.data.use_autopack
    try:
        if preview != "NONE":
            files.file_preview_type = "NONE"
        if autopack:
            bpy.data.use_autopack = False
        yield
    finally:
        if preview != "NONE":
            files.file_preview_type = preview
            preferences.is_dirty = changed
        if autopack:
            bpy.data.use_autopack = True


def stamp_of(path: str) -> Stamp | None:
    """What tells a file's content from another's."""
    try:
        found = Path(path).stat()
    except OSError:
        return None
    return path, found.st_size, found.st_mtime_ns


@persistent  # type: ignore[untyped-decorator]
def note_file(*_: object) -> None:
    """Remember what the file was like when it was opened or saved: somebody else may save it meanwhile."""
    global _opened
    path = str(bpy.data.filepath)
    _opened = stamp_of(path) if path else None


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
