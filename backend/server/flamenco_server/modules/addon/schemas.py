"""What is said of the add-on's packages."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Kind = Literal["legacy", "extension"]


class AddonPackage(msgspec.Struct, frozen=True, kw_only=True):
    """A package that Blender can install."""

    kind: Kind
    name: str  # of the file
    version: str
    blender: str  # which Blenders it is for, in words
    size: int  # bytes
    url: str


class AddonPackages(msgspec.Struct, frozen=True, kw_only=True):
    """The packages that there are; none if the add-on was not built."""

    address: str  # of the server, as the add-on will know it
    items: list[AddonPackage]
    repository: str  # for Blender 4.2 and later: the address of a repository of extensions; it wants a token


class ExtensionIndex(msgspec.Struct, frozen=True):
    """A repository of extensions, in Blender's own format."""

    version: str
    blocklist: list[Any]
    data: list[dict[str, Any]]
