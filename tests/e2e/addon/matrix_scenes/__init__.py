"""The scenes of the matrix, one function a row, built inside Blender 3.4 to 5.0; their names and words are read without it."""

from __future__ import annotations

from . import caches, color, edits, engines, files, motion, output, scenes, simulations
from .rows import ROWS, SERIES, Row

GROUPS = {
    module.__name__.rpartition(".")[2]: (module.__doc__ or "").split(":")[0].strip(". ")
    for module in (files, caches, scenes, output, color, motion, simulations, edits, engines)
}

__all__ = ["GROUPS", "ROWS", "SERIES", "Row"]
