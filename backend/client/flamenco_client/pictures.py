"""A job without a .blend: pictures as files of the job, such as for a video of them.

What a person names is a folder, one picture of a sequence, or a pattern like `shot/####.png` or `shot/*.png`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from flamenco_client.errors import LocalFault
from flamenco_client.hashing import Hashes
from flamenco_client.pack import Pack, hashed, listed
from flamenco_client.progress import Progress

PICTURES = (
    ".png", ".jpg", ".jpeg", ".exr", ".tif", ".tiff", ".webp", ".jp2", ".j2c", ".tga", ".bmp", ".dpx", ".cin", ".hdr",
    ".rgb",
)  # fmt: skip
SOUNDS = (".wav", ".flac", ".mp3", ".ogg", ".m4a", ".aac", ".aif", ".aiff", ".opus")
_WILD = re.compile(r"(#+|%0?\d*d|\*|\?)")
_NUMBERED = re.compile(r"(.*\D|)\d+(\D*)", re.DOTALL)


def is_pictures(source: Path) -> bool:
    """Whether a person means pictures, and not a .blend."""
    if source.is_dir() or source.suffix.lower() in PICTURES:
        return True
    return not source.exists() and source.suffix.lower() != ".blend" and _WILD.search(source.name) is not None


def pack_pictures(
    source: Path,
    root: Path | None = None,
    *,
    in_place: bool = False,
    hashes: Hashes | None = None,
    progress: Progress = Progress(),  # noqa: B008
) -> Pack:
    """List and hash the pictures that `source` names; a folder's sound files come along. Raises `LocalFault`."""
    source = Path(source).absolute()
    folder = source if source.is_dir() else source.parent
    found = sorted(_found(source, folder))
    if not any(path.suffix.lower() in PICTURES for path in found):
        raise LocalFault(f"there are no pictures {'in' if source.is_dir() else 'like'} {source}")
    base = Path(root).absolute() if root else folder
    if not folder.is_relative_to(base):
        raise LocalFault(f"{folder} does not lie in the project {base}")
    files = [listed(path.relative_to(base).as_posix(), path) for path in found]
    return Pack(base, "", files if in_place else hashed(files, hashes or Hashes(), progress))


def _found(source: Path, folder: Path) -> Iterator[Path]:
    """The files that are meant."""
    fits = _matcher(source)
    try:
        for path in folder.iterdir():
            # Hidden ones, such as ._0001.png on a Mac's share, are the system's own.
            if not path.name.startswith(".") and fits(path.name) and path.is_file():
                yield path
    except OSError as error:
        raise LocalFault(f"{folder} cannot be read: {error.strerror or error}") from error


def _matcher(source: Path) -> Callable[[str], object]:
    if source.is_dir():
        return lambda name: name.lower().endswith((*PICTURES, *SOUNDS))
    return re.compile(_sequence(source) if source.is_file() else _pattern(source.name)).fullmatch


def _sequence(picture: Path) -> str:
    """All pictures whose name differs in the last number only."""
    match = _NUMBERED.fullmatch(picture.stem)
    if match is None:
        return re.escape(picture.name)
    return re.escape(match[1]) + r"\d+" + re.escape(match[2] + picture.suffix)


def _pattern(name: str) -> str:
    signs = {"*": ".*", "?": "."}
    parts = _WILD.split(name)
    parts[::2] = [re.escape(part) for part in parts[::2]]
    parts[1::2] = [signs.get(part, r"-?\d+") for part in parts[1::2]]
    return "".join(parts)
