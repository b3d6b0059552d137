"""What of a job's results is on this machine to be looked at."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from .notes import Note

PICTURES = (
    ".png", ".jpg", ".jpeg", ".exr", ".tif", ".tiff", ".tga", ".bmp", ".hdr", ".webp", ".jp2", ".cin", ".dpx", ".rgb", ""
)  # fmt: skip
VIDEOS = (".mp4", ".mov", ".webm", ".mkv", ".avi")
_NUMBER = re.compile(r"(-?\d+)(?!.*\d)")


@dataclass(frozen=True)
class Shown:
    """Frames by their numbers (a still is one), and videos."""

    folder: Path
    name: str
    frames: dict[int, Path] = field(default_factory=dict)
    videos: tuple[Path, ...] = ()


def results_of(note: Note | None, shared: Path | None = None) -> Shown | None:
    """What was brought here, or lies on shared storage; None if there is nothing."""
    if note is not None:
        files = [path for each in note.brought if (path := Path(each)).is_file()]
        found = sorted_out(files, Path(note.destination.folder), note.destination.before, note.destination.after)
        if found.frames or found.videos:
            return found
    if shared is not None and shared.is_dir():
        files = [path for folder in (shared / "frames", shared) if folder.is_dir() for path in folder.iterdir()]
        found = sorted_out(files, shared / "frames" if (shared / "frames").is_dir() else shared, "", "")
        if found.frames or found.videos:
            return found
    return None


def sorted_out(files: list[Path], folder: Path, before: str, after: str) -> Shown:
    """Frames and videos among files: those in the folder itself; of stereo frames the first view's."""
    frames: dict[int, Path] = {}
    for path in sorted(files, reverse=True):
        if path.parent == folder and path.suffix.lower() in PICTURES and path.name.startswith(before):
            stem = path.stem if path.suffix else path.name
            number = re.match(r"-?\d+", stem[len(before) :])
            if number:
                frames[int(number[0])] = path
    stills = [path for path in sorted(files) if path.suffix.lower() in PICTURES[:-1]]
    if not frames and stills:
        frames = {1: stills[0]}
    videos = tuple(sorted(path for path in files if path.suffix.lower() in VIDEOS))
    return Shown(folder, f"{before.rstrip('_-. ') or folder.name}", frames, videos)
