"""Ways in which a data-block uses files, beside the tracer's own: each usage is a path in a .blend and what it stands for."""

from __future__ import annotations

import os
from typing import Any

from blender_asset_tracer import cdefs
from blender_asset_tracer.bpathlib import BlendPath as _BlendPath
from blender_asset_tracer.trace.result import BlockUsage

BlendPath: Any = _BlendPath  # its constructor has no types


class StringUsage(BlockUsage):
    """A path of any length: its field is a pointer to `string`, a block of its own."""

    def __init__(self, block: Any, field: Any, string: Any, **more: Any) -> None:
        super().__init__(block, BlendPath(string.as_bytes_string()), path_full_field=field, **more)
        self.string = string


class PackedLibraryUsage(BlockUsage):
    """A library whose data lie in the file itself: it is not read, but paths of that data are relative to it."""


class RecordUsage(BlockUsage):
    """A library that nothing is linked from any more: no fault if it is gone."""


class NamesUsage(BlockUsage):
    """Files of one folder by their names."""

    def __init__(self, block: Any, folder: bytes, names: list[bytes], **more: Any) -> None:
        first = BlendPath(b"//" + names[0]) if folder == b"//" else BlendPath(folder) / names[0]
        super().__init__(block, first, is_sequence=len(names) > 1, **more)
        self.folder: bytes = BlendPath(folder)
        self.names = names


class CacheUsage(BlockUsage):
    """Files that Blender looks for by rules of its own, NAME_*.ENDING beside a .blend: no path in the file names them.

    `beside_main`: beside the file that is open, though a library's data-block asks for them.
    """

    def __init__(self, block: Any, name: bytes, ending: bytes, *, beside_main: bool, **more: Any) -> None:
        folder = cdefs.PTCACHE_PATH + block.bfile.filepath.stem.encode()
        super().__init__(block, BlendPath(b"//%b/%b_*%b" % (folder, name, ending)), is_sequence=True, **more)
        self.name, self.ending, self.beside_main = os.fsdecode(name), os.fsdecode(ending), beside_main
