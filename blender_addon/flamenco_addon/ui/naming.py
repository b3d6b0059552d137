# SPDX-License-Identifier: GPL-3.0-or-later
"""The farm's words as Blender would write them."""

from __future__ import annotations

import functools

import bpy

SMALL = frozenset(["a", "an", "and", "at", "by", "for", "from", "in", "of", "on", "or", "per", "the", "to", "with"])
KNOWN = {"h264": "H.264", "prores": "ProRes", "vp9": "VP9", "av1": "AV1"}


def titled(label: str) -> str:
    """A label with capitals, as Blender's are: "A File a View Layer"."""
    words = label.split(" ")
    return " ".join(word if at and word in SMALL else word[:1].upper() + word[1:] for at, word in enumerate(words))


def shown(name: str) -> str:
    """One of several choices: as Blender names it, if it does."""
    if name in KNOWN:
        return KNOWN[name]
    if name in formats():
        return formats()[name]
    return titled(name.replace("_", " ").replace("-", " ")) if name.islower() else name


@functools.cache
def formats() -> dict[str, str]:
    """Blender's names for the formats of pictures."""
    listed = bpy.types.ImageFormatSettings.bl_rna.properties["file_format"]
    return {item.identifier: item.name for item in getattr(listed, "enum_items", ())}
