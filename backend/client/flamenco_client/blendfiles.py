"""Opening .blend files through Blender Asset Tracer: errors as one sentence, and files that stand in for others."""

from __future__ import annotations

import logging
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from blender_asset_tracer import blendfile
from blender_asset_tracer.blendfile import exceptions

from flamenco_client.errors import BadBlend

try:
    from zstandard import ZstdError
except ImportError:  # an add-on without the wheel: compressed files are then refused by the tracer itself

    class ZstdError(Exception):  # type: ignore[no-redef]
        """Never raised."""


# Its warnings speak to developers; ours to artists are errors and the list of missing files.
logging.getLogger("blender_asset_tracer").setLevel(logging.ERROR)


class StandIn(blendfile.BlendFile):
    """A .blend file whose bytes lie elsewhere: all its relative paths follow `path`, which need not even exist."""

    def __init__(self, path: Path, content: Path) -> None:
        self._content = content
        super().__init__(path)

    def _open_file(self, path: Path, mode: str) -> Any:
        opened = super()._open_file(self._content, mode)
        self.filepath = path
        return opened


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
