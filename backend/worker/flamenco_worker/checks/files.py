"""Whether a file that a command made is there and whole, and a small picture of it.

Pictures and videos are decoded to the end: a renderer's exit code and its word are not believed. What cannot be seen: a flipped
bit in formats without check sums (BMP, JPEG, TGA, DPX, Cineon, lossy WebP); DPX and Cineon are measured by their length.
Other files (caches, .blend files, plain files) must be there and not empty; a .blend must begin like one.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from flamenco_worker.errors import BadOutput, CommandFailed
from flamenco_worker.media.ffmpeg import Ffmpeg
from flamenco_worker.media.pictures import load

PICTURES = ("frame", "tile", "samples", "image")
_BLEND = (b"BLENDER", b"\x28\xb5\x2f\xfd", b"\x1f\x8b")  # plain, zstd, gzip


@dataclass(frozen=True)
class Checked:
    """A file that is whole: its size in pixels (0 if it has none) and, if it was asked for, a small JPEG of it."""

    width: int = 0
    height: int = 0
    thumbnail: bytes | None = None


def check(
    file: Path, kind: str, width: int = 0, height: int = 0, *, ffmpeg: str = "", with_thumbnail: bool = False
) -> Checked:
    """Judge a file of `kind`; `width` and `height` are what it must have (0: whatever). Raises `BadOutput`.

    Without an `ffmpeg`, videos and sounds are only known to be there.
    """
    if not file.is_file():
        raise BadOutput(f"the output {file.name} was not written")
    if file.stat().st_size == 0:
        raise BadOutput(f"the output {file.name} is empty")
    checked = _look(file, kind, Ffmpeg(ffmpeg) if ffmpeg else None, with_thumbnail)
    wanted = (width or checked.width, height or checked.height)
    if wanted != (checked.width, checked.height):
        raise BadOutput(
            f"{file.name} is {checked.width}x{checked.height} pixels, but {wanted[0]}x{wanted[1]} were asked for"
        )
    return checked


def thumbnail(file: Path, ffmpeg: str = "") -> bytes | None:
    """A small JPEG of a picture or of a video's first frame, or None if there can be none."""
    try:
        return load(file, Ffmpeg(ffmpeg) if ffmpeg else None).thumbnail()
    except BadOutput:
        return _first_frame(file, Ffmpeg(ffmpeg)) if ffmpeg else None


def _look(file: Path, kind: str, ffmpeg: Ffmpeg | None, with_thumbnail: bool) -> Checked:
    if kind in PICTURES:
        picture = load(file, ffmpeg)
        return Checked(picture.width, picture.height, picture.thumbnail() if with_thumbnail else None)
    if kind in ("video", "audio") and ffmpeg is not None:
        found = ffmpeg.measure(file)
        if not (found.frames if kind == "video" else found.sound_seconds):
            raise BadOutput(f"{file.name} has no {'picture' if kind == 'video' else 'sound'} in it")
        small = _first_frame(file, ffmpeg) if with_thumbnail and kind == "video" else None
        return Checked(found.width, found.height, small)
    if kind == "blend":
        _check_blend(file)
    return Checked()


def _check_blend(file: Path) -> None:
    with file.open("rb") as stream:
        if not stream.read(8).startswith(_BLEND):
            raise BadOutput(f"{file.name} is not a .blend file")


def _first_frame(file: Path, ffmpeg: Ffmpeg) -> bytes | None:
    with tempfile.TemporaryDirectory(prefix="flamenco-") as folder:
        small = Path(folder) / "first.png"
        try:
            ffmpeg.run(["-i", str(file), "-map", "0:v:0", "-frames:v", "1", str(small)])
            return load(small).thumbnail()
        except CommandFailed:
            return None
