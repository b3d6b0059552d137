"""EXR files for tests, like those that Blender writes: several layers, half and float, attributes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR
from flamenco_worker.media.exr import Part, Pixels, read, write


def window(width: int, height: int) -> tuple[Pixels, Pixels]:
    """A data or display window."""
    return np.array([0, 0], np.int32), np.array([width - 1, height - 1], np.int32)


def header(width: int, height: int, **more: Any) -> dict[str, Any]:
    """A header with some of what Blender adds."""
    return {
        "type": OpenEXR.scanlineimage, "compression": OpenEXR.ZIP_COMPRESSION,
        "dataWindow": window(width, height), "displayWindow": window(width, height), "BlenderMultiChannel": "Blender V2.55.1 and newer",
        "cycles.ViewLayer.samples": "4", **more,
    }  # fmt: skip


def layered(width: int, height: int, seed: int = 0) -> dict[str, Pixels]:
    """Channels of several passes, full of noise."""
    noise = np.random.default_rng(seed)
    names = {
        **dict.fromkeys((f"ViewLayer.Combined.{each}" for each in "RGBA"), np.float16),
        **dict.fromkeys((f"ViewLayer.Normal.{each}" for each in "XYZ"), np.float32),
        "ViewLayer.Depth.Z": np.float32,
        "ViewLayer.IndexOB.X": np.float32,
        "ViewLayer.Debug Sample Count.X": np.float32,
    }
    return {name: noise.random((height, width), np.float32).astype(kind) for name, kind in names.items()}


def save(file: Path, channels: dict[str, Pixels], **more: Any) -> Path:
    """Write one part."""
    height, width = next(iter(channels.values())).shape
    write(file, [Part(header(width, height, **more), channels)])
    return file


def channels_of(file: Path) -> dict[str, Pixels]:
    """The channels of a file's first part."""
    return read(file)[0].channels
