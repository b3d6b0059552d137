"""Frames as people write them: 1-100, 1,5,9-20, 1-9x2."""

from __future__ import annotations

import re
from collections.abc import Iterable

MOST = 1_000_000
_PART = re.compile(r"\s*(-?\d+)(?:-(-?\d+)(?:x(\d+))?)?\s*")


def numbers(text: str) -> list[int]:
    """The frames that a text names, sorted; none of a part that is not understood or without end."""
    found: set[int] = set()
    for part in text.split(","):
        match = _PART.fullmatch(part)
        if match is None:
            continue
        first = int(match[1])
        last = int(match[2]) if match[2] is not None else first
        step = int(match[3] or 1)
        if step and last - first < MOST:
            found.update(range(first, last + 1, step))
    return sorted(found)


def text(frames: Iterable[int]) -> str:
    """Frames in few words, like 1-4,9."""
    runs: list[list[int]] = []
    for frame in frames:
        if runs and frame == runs[-1][1] + 1:
            runs[-1][1] = frame
        else:
            runs.append([frame, frame])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)
