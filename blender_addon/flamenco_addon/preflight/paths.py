"""Paths as Blender writes them, made absolute without asking the disk or Blender."""

from __future__ import annotations

import ntpath
import os
import re

_DRIVE = re.compile(r"[A-Za-z]:[\\/]")
_SHARE = re.compile(r"\\\\[^\\/]")


def is_relative(path: str) -> bool:
    """Whether a path follows the .blend that names it."""
    return path.startswith("//")


def is_foreign(path: str) -> bool:
    """Whether it is an absolute path of another platform than this one."""
    windows = bool(_DRIVE.match(path) or _SHARE.match(path))
    return windows if os.name != "nt" else path.startswith("/") and not is_relative(path)


def absolute(path: str, folder: str) -> str:
    """The path on this machine; `folder` is that of the .blend that names it, and empty if it was never saved."""
    if is_foreign(path):
        return path
    if is_relative(path):
        path = os.path.join(folder, path[2:].replace("\\", os.sep) if os.sep == "/" else path[2:])  # noqa: PTH118
    return os.path.normpath(path)


def relative(path: str, folder: str) -> str:
    """The path as Blender writes it relative to a .blend in `folder`; empty if it cannot be, as on another drive."""
    try:
        return "//" + os.path.relpath(path, folder).replace("\\", "/")
    except ValueError:
        return ""


def inside(path: str, folder: str) -> bool:
    """Whether a path is below a folder."""
    if not folder:
        return False
    try:
        return os.path.commonpath((os.path.normcase(path), os.path.normcase(folder))) == os.path.normcase(folder)
    except ValueError:
        return False


def file_name(path: str) -> str:
    """The last part of a path of any platform."""
    return ntpath.basename(path) if is_foreign(path) and os.name != "nt" else os.path.basename(path)  # noqa: PTH119


def folder_of(path: str) -> str:
    """The folder of a path on this machine."""
    return os.path.dirname(path)  # noqa: PTH120


def joined(folder: str, name: str) -> str:
    """A file in a folder."""
    return os.path.join(folder, name)  # noqa: PTH118
