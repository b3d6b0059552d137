"""Variables: names for values that differ from platform to platform.

A one-way variable (`{ffmpeg}`) is replaced by its value. A two-way variable is a path prefix: a path that begins with
its value on any platform is turned to the value on the worker's platform.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec


class Variable(msgspec.Struct, frozen=True):
    """A variable's values by platform (`linux`, `windows`, `darwin`, or `all`)."""

    name: str
    values: dict[str, str]
    two_way: bool = False

    def value(self, platform: str) -> str | None:
        """Its value on `platform`, or None."""
        return self.values.get(platform, self.values.get("all"))


def one_way(variables: Iterable[Variable], platform: str) -> dict[str, str]:
    """Name → value on `platform`, of all variables that have one there; two-way ones can be written out too."""
    return {variable.name: value for variable in variables if (value := variable.value(platform)) is not None}


def translate(path: str, variables: Iterable[Variable], platform: str) -> str:
    """Turn `path`, written on any platform, to what it is on `platform`; the longest known prefix wins."""
    best: tuple[int, str] | None = None
    for variable in variables:
        here = variable.value(platform)
        if not variable.two_way or here is None:
            continue
        for prefix in variable.values.values():
            if _below(path, prefix) and (best is None or len(prefix) > best[0]):
                best = (len(prefix), here)
    if best is None:
        return path
    rest = path[best[0] :].replace("\\", "/").lstrip("/")
    return best[1].rstrip("/\\") + ("/" + rest if rest else "")


def _below(path: str, prefix: str) -> bool:
    prefix = prefix.rstrip("/\\")
    if not prefix:
        return False
    windows = (len(prefix) > 1 and prefix[1] == ":") or prefix.startswith("\\\\")
    same = _folded(path).startswith(_folded(prefix)) if windows else path.startswith(prefix)
    return same and (len(path) == len(prefix) or path[len(prefix)] in "/\\")


def _folded(path: str) -> str:
    """Windows knows no case, and takes both slashes."""
    return path.lower().replace("/", "\\")


def from_config(table: Mapping[str, Mapping[str, object]]) -> list[Variable]:
    """Read the `[variables.NAME]` tables of a configuration file."""
    return [
        Variable(
            name=name,
            values={key: str(value) for key, value in values.items() if key != "two_way"},
            two_way=bool(values.get("two_way", False)),
        )
        for name, values in table.items()
    ]
