"""OpenEXR files as arrays: every part and channel as it stands, and the picture that people mean by it.

The OpenEXR module reports a part whose pixels cannot be read by leaving it out and printing a warning; here that
is an error, so a file that is cut off or damaged is never taken for a whole one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import OpenEXR

from flamenco_worker.errors import BadOutput

MAGIC = b"\x76\x2f\x31\x01"
_BEFORE_OTHERS = ("composite", "combined")
Pixels = npt.NDArray[Any]


@dataclass(frozen=True)
class Part:
    """One part of a file: its header's attributes, and each channel's pixels as rows from the top."""

    header: dict[str, Any]
    channels: dict[str, Pixels]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the display window."""
        low, high = self.header["displayWindow"]
        return int(high[0] - low[0] + 1), int(high[1] - low[1] + 1)


def read(file: Path) -> list[Part]:
    """Read all parts, wholly. Raises `BadOutput`."""
    try:
        expected = len(OpenEXR.File(str(file), header_only=True).parts)
        found = OpenEXR.File(str(file), separate_channels=True, num_threads=1)  # the others render
        parts = [_part(part) for part in found.parts]
    except Exception as error:  # the module raises whatever it likes
        raise BadOutput(f"{file.name} is not a readable EXR: {error}") from error
    if not parts or len(parts) < expected or not all(part.channels for part in parts):
        raise BadOutput(f"{file.name} is damaged: its pixels cannot be read to the end")
    return parts


def _part(part: Any) -> Part:
    header = dict(part.header)
    header.pop("channels", None)
    return Part(header, {name: channel.pixels for name, channel in part.channels.items()})


def write(file: Path, parts: list[Part]) -> None:
    """Write parts with their headers; the pixel types are those of the arrays."""
    made = [
        OpenEXR.Part(part.header, {name: np.ascontiguousarray(each) for name, each in part.channels.items()})
        for part in parts
    ]
    for part, source in zip(made, parts, strict=True):
        if "name" in source.header:
            part.header["name"] = source.header["name"]
    OpenEXR.File(made).write(str(file))


def combined(parts: list[Part], step: int = 1) -> Pixels:
    """The picture that people mean: rows of linear R, G, B (premultiplied, so already over black), each `step`-th of them.

    That is the plain R, G, B; else the composite; else the first view layer's Combined; else any layer with colour; else
    a luminance channel; else the first channel.
    """
    named = {
        (f"{part.header['name']}.{name}" if len(parts) > 1 and part.header.get("name") else name): pixels[
            ::step, ::step
        ]
        for part in parts
        for name, pixels in part.channels.items()
    }
    layers = {name.rsplit(".", 1)[0] if "." in name else "" for name in named}
    for layer in sorted(layers, key=_rank):
        chosen = _colour(named, layer)
        if chosen is not None:
            return np.stack([np.asarray(each, dtype=np.float32) for each in chosen], axis=-1)
    return np.repeat(np.asarray(next(iter(named.values())), dtype=np.float32)[..., None], 3, axis=-1)


def _rank(layer: str) -> tuple[int, str]:
    low = layer.lower()
    if not layer:
        return 0, layer
    for rank, word in enumerate(_BEFORE_OTHERS, start=1):
        if word in low:
            return rank, layer
    return len(_BEFORE_OTHERS) + 1, layer


def _colour(named: Mapping[str, Pixels], layer: str) -> list[Pixels] | None:
    prefix = f"{layer}." if layer else ""
    for names in (("R", "G", "B"), ("r", "g", "b"), ("Y", "Y", "Y"), ("V", "V", "V")):
        if all(prefix + name in named for name in names):
            return [named[prefix + name] for name in names]
    return None


def srgb(linear: Pixels, bits: int) -> Pixels:
    """Scene-linear values to sRGB (IEC 61966-2-1), clipped to 0 to 1, as whole numbers of 8 or 16 bits."""
    held = np.clip(np.nan_to_num(linear, nan=0.0, posinf=1.0, neginf=0.0), 0.0, 1.0)
    curved = np.where(held <= 0.0031308, held * 12.92, 1.055 * np.power(held, 1 / 2.4) - 0.055)
    whole: Pixels = np.rint(curved * (2**bits - 1)).astype(np.uint8 if bits == 8 else np.uint16)
    return whole
