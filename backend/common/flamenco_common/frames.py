"""Frame lists as artists write them: `1-100`, `1,5,9-20`, `1-9x2`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

MOST_FRAMES = 1_000_000
_PART = re.compile(r"^(-?\d+)(?:\s*-\s*(-?\d+)(?:\s*x\s*(\d+))?)?$")


class BadFrames(ValueError):
    """A frame list that cannot be read; its text is one sentence for people."""


@dataclass(frozen=True)
class Frames:
    """A sorted set of whole frame numbers."""

    numbers: tuple[int, ...]

    @classmethod
    def parse(cls, text: str) -> Frames:
        """Read a list like `1-9x2,12,20-22`. Raises `BadFrames`."""
        numbers: set[int] = set()
        for part in text.split(","):
            numbers.update(_part(part.strip(), text))
            if len(numbers) > MOST_FRAMES:
                raise BadFrames(f"frames {text!r} name more than {MOST_FRAMES:,} frames")
        return cls(tuple(sorted(numbers)))

    @classmethod
    def of(cls, numbers: Iterable[int]) -> Frames:
        """Make a list of any numbers; doubles count once."""
        return cls(tuple(sorted(set(numbers))))

    def chunks(self, size: int) -> list[Frames]:
        """Split into lists of at most `size` frames, in order."""
        if size < 1:
            raise BadFrames("a chunk needs at least one frame")
        return [Frames(self.numbers[start : start + size]) for start in range(0, len(self.numbers), size)]

    def __str__(self) -> str:
        """The shortest text that `parse` reads back to the same frames."""
        if len(self.numbers) == 1:
            # A large job is a hundred thousand of these.
            return str(self.numbers[0])
        return ",".join(_texts(self.numbers))

    def __iter__(self) -> Iterator[int]:
        return iter(self.numbers)

    def __len__(self) -> int:
        return len(self.numbers)


def _part(part: str, text: str) -> range:
    match = _PART.match(part)
    if not match:
        raise BadFrames(f"frames {text!r} cannot be read: write them like 1-100 or 1,5,9-20 or 1-9x2")
    first = int(match[1])
    last = int(match[2]) if match[2] is not None else first
    step = int(match[3]) if match[3] is not None else 1
    if last < first:
        raise BadFrames(f"frames {text!r} cannot be read: {part} counts down")
    if step < 1:
        raise BadFrames(f"frames {text!r} cannot be read: a step of 0 in {part}")
    if (last - first) // step >= MOST_FRAMES:
        raise BadFrames(f"frames {text!r} name more than {MOST_FRAMES:,} frames")
    return range(first, last + 1, step)


def _texts(numbers: tuple[int, ...]) -> Iterator[str]:
    start = 0
    while start < len(numbers):
        end = _run_end(numbers, start)
        step = numbers[start + 1] - numbers[start] if end > start else 1
        if end - start >= 2 or (end > start and step == 1):
            yield f"{numbers[start]}-{numbers[end]}" + (f"x{step}" if step > 1 else "")
        else:
            yield str(numbers[start])
            end = start
        start = end + 1


def _run_end(numbers: tuple[int, ...], start: int) -> int:
    """The index where the evenly stepped run that begins at `start` ends."""
    if start + 1 >= len(numbers):
        return start
    step = numbers[start + 1] - numbers[start]
    end = start + 1
    while end + 1 < len(numbers) and numbers[end + 1] - numbers[end] == step:
        end += 1
    return end
