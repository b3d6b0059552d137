"""Two folders of pictures, pixel for pixel."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from pictures import exr_channels, pixels, size_of

PICTURES = (".png", ".jpg", ".exr", ".tif")
PNG_DEPTH_AT = 24  # the byte of a PNG that says how many bits a channel has


@dataclass
class Difference:
    """What differs: names that only one side has, and pixels."""

    missing: list[str] = field(default_factory=list)
    extra: list[str] = field(default_factory=list)
    unlike: list[str] = field(default_factory=list)  # of another size or other channels
    pixels: int = 0
    of: int = 0
    most: float = 0.0  # in steps of 1/255
    compared: int = 0

    @property
    def nothing(self) -> bool:
        """Whether the folders are the same, pixel for pixel."""
        return not (self.missing or self.extra or self.unlike or self.pixels)

    def within(self, levels: float) -> bool:
        """Whether all is there and no channel is further off than so many steps of 1/255."""
        return not (self.missing or self.extra or self.unlike) and self.most <= levels

    def __str__(self) -> str:
        words = [f"{', '.join(names)} {what}" for names, what in self._named() if names]
        if self.pixels:
            words.append(f"{self.pixels} of {self.of} px differ by up to {self.most:.3g}/255")
        return "; ".join(words) or "equal"

    def _named(self) -> tuple[tuple[list[str], str], ...]:
        return (
            (self.missing, "not there"),
            (self.extra, "only on the farm"),
            (self.unlike, "of another size or other channels"),
        )


def compare(local: Path, farm: Path) -> Difference:
    """Compare all pictures of two folders by their names."""
    mine, theirs = _pictures(local), _pictures(farm)
    found = Difference(missing=sorted(set(mine) - set(theirs)), extra=sorted(set(theirs) - set(mine)))
    for name in sorted(set(mine) & set(theirs)):
        _add(found, name, read(mine[name]), read(theirs[name]))
    return found


def read(path: Path) -> dict[str, Any]:
    """A picture's channels, by name, in steps of 1/255."""
    if path.suffix == ".exr":
        return {name: values.astype(float) * 255 for name, values in exr_channels(path).items()}
    deep = path.suffix == ".tif" or (path.read_bytes()[PNG_DEPTH_AT] == 16 and path.suffix == ".png")
    values = _deep(path) if deep else pixels(path).astype(float)
    values = values[..., None] if values.ndim == 2 else values
    return {str(channel): values[..., channel] for channel in range(values.shape[2])}


def flat(path: Path) -> bool:
    """Whether a picture shows nothing: the same color everywhere."""
    return all(float(values.std()) < 1 for values in read(path).values())


def alike(paths: list[Path]) -> bool:
    """Whether pictures are all the same."""
    first, *others = (read(path) for path in paths)
    return all(
        each.keys() == first.keys() and all(np.array_equal(each[key], first[key]) for key in first) for each in others
    )


def _pictures(folder: Path) -> dict[str, Path]:
    found = [
        path for part in ("frames", "compositor") for path in (folder / part).rglob("*") if path.suffix in PICTURES
    ]
    return {path.relative_to(folder).as_posix(): path for path in found}


def _add(found: Difference, name: str, mine: dict[str, Any], theirs: dict[str, Any]) -> None:
    found.compared += 1
    if {key: value.shape for key, value in mine.items()} != {key: value.shape for key, value in theirs.items()}:
        found.unlike.append(name)
        return
    apart = np.stack([np.abs(_finite(mine[key]) - _finite(theirs[key])) for key in mine])
    found.pixels += int((apart > 0).any(axis=0).sum())
    found.of += apart[0].size
    found.most = max(found.most, float(apart.max()))


def _finite(values: Any) -> Any:
    """Where nothing is, depth is infinite; infinite less infinite would be no number."""
    return np.nan_to_num(values, posinf=1e30, neginf=-1e30)


def _deep(path: Path) -> Any:
    """A picture of 16 bits a channel, which Pillow would cut to 8."""
    wide, high = size_of(path)
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-f", "rawvideo", "-pix_fmt", "rgba64le", "-"]
    raw = subprocess.run(command, capture_output=True, check=True).stdout
    return np.frombuffer(raw, dtype="<u2").reshape(high, wide, 4) / 257
