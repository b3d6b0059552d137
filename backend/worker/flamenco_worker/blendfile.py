"""What the first bytes of a .blend say, read without Blender: an old Blender crashes on a file from a newer one."""

from __future__ import annotations

import gzip
import re
import zlib
from pathlib import Path
from typing import BinaryIO, cast

import zstandard

from flamenco_worker.errors import CommandFailed

_ZSTD, _GZIP = b"\x28\xb5\x2f\xfd", b"\x1f\x8b"
# Up to 4.5: BLENDER, pointer size, endianness, version. From 5.0: BLENDER, header size, pointer size, format, v, version.
_HEADER = re.compile(rb"^BLENDER(?:[_-][vV](\d{3})|\d\d[_-]\d\dv(\d{4}))")


def series(blend: Path) -> tuple[int, int]:
    """The Blender series that saved a file, like (4, 5). Raises `CommandFailed` if it is no .blend."""
    try:
        head = _head(blend)
    except FileNotFoundError:
        raise CommandFailed(f"the file {blend} is not there") from None
    except (OSError, EOFError, zlib.error, zstandard.ZstdError) as error:
        raise CommandFailed(f"the file {blend} cannot be read: {error}") from error
    match = _HEADER.match(head)
    if not match:
        raise CommandFailed(f"the file {blend} is not a .blend, or it is cut short")
    number = int(match[1] or match[2])
    return number // 100, number % 100


def _head(blend: Path) -> bytes:
    with blend.open("rb") as file:
        start = file.read(4)
        file.seek(0)
        if start.startswith(_ZSTD):
            return zstandard.ZstdDecompressor().stream_reader(file).read(17)
        if start.startswith(_GZIP):
            with gzip.open(cast(BinaryIO, file)) as unpacked:
                return unpacked.read(17)
        return file.read(17)


def check_readable(blend: Path, version: tuple[int, ...]) -> None:
    """Raise `CommandFailed` if a Blender of `version` is too old for a file, or the file is none."""
    saved = series(blend)
    if saved > version[:2]:
        raise CommandFailed(
            f"the file {blend} was saved by Blender {saved[0]}.{saved[1]}, and Blender {version[0]}.{version[1]} "
            "cannot read files of newer ones"
        )
