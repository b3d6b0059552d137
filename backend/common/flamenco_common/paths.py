"""Paths that come from outside, held inside the folder that they belong to."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

_RESERVED = {
    "con",
    "prn",
    "aux",
    "nul",
    *(f"com{n}" for n in range(1, 10)),
    *(f"lpt{n}" for n in range(1, 10)),
}


class BadPath(ValueError):
    """A path that leaves its folder or cannot be a file; its text is one sentence for people."""


def is_reserved(name: str) -> bool:
    """Whether Windows keeps that file name, with any suffix, for a device."""
    return name.split(".")[0].lower() in _RESERVED


def check_relative(path: str) -> str:
    """Return `path` if it is a clean relative path with forward slashes. Raises `BadPath`."""
    if not path or "\x00" in path:
        raise BadPath(f"the path {path!r} is empty or has a zero byte")
    if "\\" in path or ":" in path.split("/")[0][1:2]:
        raise BadPath(f"the path {path!r} is not relative with forward slashes")
    pure = PurePosixPath(path)
    if pure.is_absolute():
        raise BadPath(f"the path {path!r} is absolute; paths are relative to the project's folder")
    if any(part in ("", ".", "..") for part in path.split("/")):
        raise BadPath(f"the path {path!r} leaves the project's folder or is not in its shortest form")
    if any(is_reserved(part) for part in pure.parts):
        raise BadPath(f"the path {path!r} has a name that Windows reserves")
    return path


def join_inside(root: Path, path: str) -> Path:
    """Join `path` to `root`, following links; the result is inside `root`. Raises `BadPath`."""
    check_relative(path)
    joined = root / path
    if not joined.parent.resolve().is_relative_to(root.resolve()):
        raise BadPath(f"the path {path!r} leaves its folder through a link")
    return joined
