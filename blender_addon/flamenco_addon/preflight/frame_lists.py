"""Frames as people write them: 1-100, 1,5,9-20, 1-9x2."""

from __future__ import annotations

from collections.abc import Iterable

from ..core.forms import FRAMES, MOST_FRAMES


def numbers(text: str) -> list[int]:
    """The frames that a text names, sorted; none of a part that is not understood or without end."""
    found: set[int] = set()
    for part in text.split(","):
        match = FRAMES.fullmatch(part.strip())
        if match is None:
            continue
        first = int(match[1])
        last = int(match[2] or first)
        step = int(match[3] or 1)
        if step and (last - first) // step + len(found) < MOST_FRAMES:
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
