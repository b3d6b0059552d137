"""Patterns of texts in the API, and what to call them in an error: nobody should have to read a regular expression."""

from __future__ import annotations

SHA256_OR_EMPTY = "^([0-9a-f]{64})?$"
BLENDER_OR_EMPTY = r"^((>=)?\d+\.\d+(\.\d+)?)?$"

IN_WORDS = {
    SHA256_OR_EMPTY: "a SHA-256: 64 digits of 0-9 and a-f",
    BLENDER_OR_EMPTY: "a version of Blender like 4.5 or >=4.2",
}
