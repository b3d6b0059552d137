"""The scene's sound, as one lossless file."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any, BinaryIO

import bpy

from . import choices, frames
from .changes import Changes
from .problems import Problem

_FORMATS = {".flac": ("FLAC", "FLAC"), ".wav": ("WAV", "PCM")}  # suffix -> container, codec


def mixdown(first: int, last: int, file: str) -> dict[str, Any]:
    """Write the sound of the frames `first` to `last`; nothing if the scene has none. Raises `Problem`."""
    scene = frames.plain()
    if not _sounds(scene, set()):
        return {"seconds": 0.0}
    suffix = Path(file).suffix.lower()
    if suffix not in _FORMATS:
        raise Problem(f"sound is written to .flac or .wav, not to {suffix or 'a file without a suffix'}")
    container, codec = _FORMATS[suffix]
    bpy.context.window.scene = scene
    changes = Changes()
    changes.set(scene, "frame_end", max(last, scene.frame_start))
    changes.set(scene, "frame_start", first)
    changes.set(scene, "frame_end", last)
    try:
        bpy.ops.sound.mixdown(
            filepath=file, check_existing=False, relative_path=False, container=container, codec=codec, format="S24"
        )
    finally:
        changes.undo()
    seconds = (last - first + 1) * scene.render.fps_base / scene.render.fps
    if container == "WAV":
        _cut(Path(file), seconds)
    return {"seconds": seconds}


def _cut(file: Path, seconds: float) -> None:
    """Cut a WAV: Blender fills its last block with silence. RIFF: "RIFF", size, "WAVE", then chunks of name, size, data."""
    with file.open("r+b") as wav:
        wav.seek(12)
        rate = align = 0
        while len(head := wav.read(8)) == 8:
            name, size = struct.unpack("<4sI", head)
            begin = wav.tell()
            if name == b"fmt ":
                _kind, _channels, rate, _bytes, align = struct.unpack("<HHIIH", wav.read(14))
            elif name == b"data":
                wanted = min(size, round(seconds * rate) * align)
                wav.truncate(begin + wanted + wanted % 2)
                _write_size(wav, begin - 4, wanted)
                _write_size(wav, 4, begin + wanted + wanted % 2 - 8)
                return
            wav.seek(begin + size + size % 2)


def _write_size(wav: BinaryIO, at: int, size: int) -> None:
    wav.seek(at)
    wav.write(struct.pack("<I", size))


def _sounds(scene: Any, seen: set[str]) -> bool:
    """Whether the scene has anything that can be heard: sound strips, its own or other scenes', or speakers."""
    seen.add(scene.name)
    if any(each.type == "SPEAKER" and each.data.sound for each in scene.objects):
        return True
    for strip in choices.strips(scene):
        if strip.type == "SOUND" and strip.sound is not None:
            return True
        inner = strip.scene if strip.type == "SCENE" else None
        if inner is not None and inner.name not in seen and _sounds(inner, seen):
            return True
    return False
