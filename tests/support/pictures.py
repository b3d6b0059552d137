"""Reading what the farm made: pictures wholly decoded, videos counted, EXRs as arrays."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR
from PIL import Image


def size_of(path: Path) -> tuple[int, int]:
    """Width and height of a picture; every pixel is decoded, so a broken file raises."""
    with Image.open(path) as picture:
        picture.load()
        return picture.size


def pixels(path: Path) -> Any:
    """A picture as an array of height, width, channels."""
    with Image.open(path) as picture:
        return np.asarray(picture)


def exr_channels(path: Path) -> dict[str, Any]:
    """An EXR's channels by name, each an array of height, width."""
    with OpenEXR.File(str(path), separate_channels=True) as file:
        return {name: np.asarray(channel.pixels) for part in file.parts for name, channel in part.channels.items()}


def frame_count(path: Path) -> int:
    """Frames of a video, counted by decoding it."""
    return int(_decoded(path, "-map", "0:v:0")[0])


def duration(path: Path, stream: str = "v") -> float:
    """Seconds of a video's pictures, or with `a` of its sound, by decoding."""
    return _decoded(path, "-map", f"0:{stream}:0")[1]


def streams(path: Path) -> str:
    """What ffmpeg says of a file's streams."""
    done = subprocess.run(["ffmpeg", "-hide_banner", "-i", str(path)], capture_output=True, text=True, check=False)
    return "\n".join(line.strip() for line in done.stderr.splitlines() if "Stream #" in line)


def _decoded(path: Path, *options: str) -> tuple[int, float]:
    command = [
        "ffmpeg",
        "-hide_banner",
        "-nostats",
        "-progress",
        "pipe:1",
        "-i",
        str(path),
        *options,
        "-f",
        "null",
        "-",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    counts = re.findall(r"^frame=\s*(\d+)", done.stdout, re.MULTILINE)
    times = re.findall(r"^out_time_us=\s*(\d+)", done.stdout, re.MULTILINE)
    return int(counts[-1]) if counts else 0, int(times[-1]) / 1e6 if times else 0.0
