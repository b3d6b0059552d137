"""Opening .blend files through Blender Asset Tracer: errors as one sentence, and some of its faults mended.

- On files of Blender 5.0 the tracer looks for `compositing_node_group` in every block that has a node tree, where only
  scenes have one, and so silently drops the textures of linked materials. That is limited to scenes.
- Strips of files that lie right beside the .blend, in the folder `//`, are looked for in the root of the file system.
- Sound strips are traced by a path that Blender itself does not use, and that may be out of date; their sounds
  are data-blocks, which are traced anyway.
"""

from __future__ import annotations

import logging
import shutil
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from blender_asset_tracer import blendfile, cdefs
from blender_asset_tracer.blendfile import exceptions
from blender_asset_tracer.blendfile.iterators import sequencer_strips
from blender_asset_tracer.bpathlib import BlendPath
from blender_asset_tracer.trace import blocks2assets, expanders, result

from flamenco_client.errors import BadBlend

try:
    from zstandard import ZstdError
except ImportError:  # an add-on without the wheel: compressed files are then refused by the tracer itself

    class ZstdError(Exception):  # type: ignore[no-redef]
        """Never raised."""


# Its warnings speak to developers; ours to artists are errors and the list of missing files.
logging.getLogger("blender_asset_tracer").setLevel(logging.ERROR)


def _expand_node_tree(block: Any) -> Iterator[Any]:
    """Node trees that a block owns: a scene's compositor since 5.0 by a pointer of another name."""
    is_scene = block.code == b"SC"
    tree = block.get_pointer(b"compositing_node_group", None) if is_scene else None
    if tree is None:
        tree = block.get_pointer(b"nodetree", None)
    if tree is not None:
        yield from expanders._expand_generic_nodetree(tree)


def _scene_files(block: Any) -> Iterator[Any]:
    """Pictures and movies of a scene's sequencer."""
    editor = block.get_pointer(b"ed")
    joined: Any = BlendPath
    for strip, kind in sequencer_strips(editor) if editor is not None else ():
        data: Any = strip.get_pointer(b"strip") if kind in (cdefs.SEQ_TYPE_IMAGE, cdefs.SEQ_TYPE_MOVIE) else None
        element = data.get_pointer(b"stripdata") if data is not None else None
        if element is None:
            continue
        folder, folder_field = data.get(b"dir", return_field=True)
        name, name_field = element.get(b"name", return_field=True)
        yield result.BlockUsage(
            data,
            joined(b"//" + name) if folder == b"//" else joined(folder) / name,
            is_sequence=kind == cdefs.SEQ_TYPE_IMAGE,
            path_dir_field=folder_field,
            path_base_field=name_field,
        )


def mend() -> None:
    """Put the mended parts in place; twice is as good as once."""
    expanders._expand_generic_nodetree_id = _expand_node_tree
    blocks2assets._funcs_for_code[b"SC"] = _scene_files


mend()


class StandIn(blendfile.BlendFile):
    """A .blend file whose bytes lie elsewhere: all its relative paths follow `path`, which need not even exist."""

    def __init__(self, path: Path, content: Path) -> None:
        self._content, self._path = content, path
        super().__init__(path)

    def _open_file(self, path: Path, mode: str) -> Any:
        opened = super()._open_file(self._content if path == self._path else path, mode)
        self.filepath = path
        return opened

    def copy_and_rebind(self, path: Path, mode: str = "rb") -> None:
        """Go on with a copy of the bytes at `path`."""
        self.close()
        blendfile._uncache(self.filepath)
        shutil.copyfile(self._content, path)
        self.fileobj = self._open_file(path, mode)
        blendfile._cache(path, self)


def stand_in(path: Path, content: Path) -> None:
    """Let the tracer read `content` wherever it would open `path`, until its cache is closed."""
    blendfile._cache(path, StandIn(path, content))


@contextmanager
def sentences(path: Path) -> Iterator[None]:
    """Turn what the tracer raises on a broken file into `BadBlend`."""
    try:
        yield
    except FileNotFoundError as error:
        raise BadBlend(f"there is no file {error.filename or path}") from error
    except (IsADirectoryError, PermissionError) as error:
        raise BadBlend(f"{path} cannot be read: {error.strerror}") from error
    except exceptions.NoDNA1Block as error:
        raise BadBlend(f"{_at(error, path)} is cut short or damaged: its end is missing") from error
    except exceptions.BlendFileError as error:
        raise BadBlend(f"{_at(error, path)} is not a .blend file that can be read") from error
    except (ZstdError, EOFError, zlib.error) as error:
        raise BadBlend(f"{path} is cut short or damaged: it cannot be decompressed") from error
    except exceptions.SegmentationFault as error:
        raise BadBlend(f"{path} is damaged: it points to data that it does not hold") from error
    except (OSError, RuntimeError, ValueError, KeyError, IndexError, AssertionError, OverflowError, ArithmeticError,
            MemoryError, TypeError, AttributeError, ImportError) as error:  # fmt: skip
        raise BadBlend(f"{path} cannot be read as a .blend file ({error or type(error).__name__})") from error
    except Exception as error:
        # struct.error and others that only damaged bytes bring about
        if type(error).__module__ in ("struct", "_struct"):
            raise BadBlend(f"{path} is cut short or damaged") from error
        raise


def _at(error: Any, path: Path) -> Path:
    """The file that an error is about: a library's, maybe; never a temporary one."""
    found = getattr(error, "filepath", None)
    return Path(found) if found and str(found).endswith(".blend") else path


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """A .blend file to read blocks of. Raises `BadBlend`."""
    with sentences(path), blendfile.BlendFile(path) as found:
        yield found
