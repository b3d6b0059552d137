"""What the name of a part of a still says: `BASE[_x0-48_y0-27][_s0-16-64].exr`.

Pixels are whole, y goes up from the bottom, the second number is outside; samples are offset, count and total.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from flamenco_common.commands import SampleRange

from flamenco_worker.errors import CommandFailed
from flamenco_worker.media.exr import Part, read

_NAME = re.compile(r"^(?P<base>.*?)(?P<box>_x(\d+)-(\d+)_y(\d+)-(\d+))?(?:_s(\d+)-(\d+)-(\d+))?$")


@dataclass(frozen=True)
class Piece:
    """One file: the picture that it is of, its box (x0, x1, y0, y1) and its samples, where it has them."""

    file: Path
    base: str
    suffix: str  # the box as it stands in the name
    box: tuple[int, int, int, int] | None
    samples: SampleRange | None

    @property
    def name(self) -> str:
        """The file's name, for people."""
        return self.file.name

    def read(self) -> list[Part]:
        """Its parts, and its size compared with its box. Raises `CommandFailed`."""
        parts = read(self.file)
        if self.box is not None:
            x0, x1, y0, y1 = self.box
            for part in parts:
                for pixels in part.channels.values():
                    if pixels.shape != (y1 - y0, x1 - x0):
                        height, width = pixels.shape[:2]
                        raise CommandFailed(
                            f"the tile {self.name} has {width}x{height} pixels, not {x1 - x0}x{y1 - y0}"
                        )
        return parts


def piece(file: Path) -> Piece:
    """Read a file's name."""
    match = _NAME.match(file.stem)
    assert match is not None
    x0, x1, y0, y1, offset, count, total = (int(text) if text else 0 for text in match.groups()[2:])
    box = (x0, x1, y0, y1) if match["box"] else None
    samples = SampleRange(offset, count, total) if match[7] else None
    return Piece(file, match["base"], match["box"] or "", box, samples)


def check_alike(first: Piece, one: list[Part], other: Piece, two: list[Part]) -> None:
    """Raise `CommandFailed` unless two pieces have the same parts, channels and pixel types."""
    if len(one) != len(two):
        raise CommandFailed(f"{other.name} has {len(two)} parts, but {first.name} has {len(one)}")
    for part, match in zip(one, two, strict=True):
        for name in part.channels.keys() ^ match.channels.keys():
            has, lacks = (first, other) if name in part.channels else (other, first)
            raise CommandFailed(f"{lacks.name} lacks the channel {name}, which {has.name} has")
        for name, pixels in part.channels.items():
            if pixels.dtype != match.channels[name].dtype:
                raise CommandFailed(
                    f"the channel {name} is {match.channels[name].dtype} in {other.name}, but {pixels.dtype} in {first.name}"
                )
