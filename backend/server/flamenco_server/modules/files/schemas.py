"""Answers of the module files, beside those of the wire contract."""

from __future__ import annotations

import msgspec


class StoredFile(msgspec.Struct, frozen=True):
    """A file that the farm has."""

    sha256: str
    size: int
