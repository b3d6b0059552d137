"""Which Blender a worker would take for a job, as the farm itself chooses it; a test holds the two equal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

Version = tuple[int, ...]


def parsed(version: str) -> Version:
    """`4.5.15` as numbers that compare."""
    numbers = []
    for part in version.split("."):
        digits = "".join(char for char in part if char.isdigit())
        if not digits:
            break
        numbers.append(int(digits))
    return tuple(numbers)


def series(version: Version) -> str:
    """`4.5` of any 4.5.x."""
    return ".".join(str(number) for number in version[:2])


def fits(wanted: str, version: str) -> bool:
    """Whether a Blender fits a wish: empty (any), `4.5` (that series), `4.5.1` (exactly) or `>=4.2`."""
    if not wanted:
        return True
    if wanted.startswith(">="):
        key = parsed(wanted[2:])
        return parsed(version)[: max(len(key), 2)] >= key
    key = parsed(wanted)
    return parsed(version)[: len(key)] == key


def chosen(wanted: str, installed: Sequence[str]) -> str:
    """The Blender that a worker takes: of those that fit the oldest series, newest fix release; empty if none fits."""
    fitting = [version for version in installed if fits(wanted, version)]
    if not fitting:
        return ""
    if not wanted:
        return max(fitting, key=parsed)
    oldest = min(parsed(version)[:2] for version in fitting)
    return max((version for version in fitting if parsed(version)[:2] == oldest), key=parsed)


def newest(versions: Iterable[str]) -> str:
    """The newest of them; empty if there is none."""
    return max(versions, key=parsed, default="")
