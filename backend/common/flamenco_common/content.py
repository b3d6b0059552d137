"""Bytes of files and texts: their hash, whether a disk has room for them, where a text may be cut."""

from __future__ import annotations

import errno
import hashlib
from pathlib import Path

_BLOCK = 1 << 20


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal. Raises `OSError`."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def is_disk_full(error: OSError) -> bool:
    """Whether an error says that no space is left."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)


def whole_characters(data: bytes, most: int) -> bytes:
    """The first `most` bytes of UTF-8, without a character cut in two at the end."""
    cut = data[:most]
    while len(cut) < len(data) and cut and data[len(cut)] & 0xC0 == 0x80:
        cut = cut[:-1]
    return cut
