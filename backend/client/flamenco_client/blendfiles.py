"""Opening .blend files through Blender Asset Tracer: errors as one sentence, and files that stand in for others."""

from __future__ import annotations

import dataclasses
import logging
import zlib
from array import array
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


WINDOW = 64 * 1024  # bytes of a file that are looked through at once

# Its warnings speak to developers; ours to artists are errors and the list of missing files.
logging.getLogger("blender_asset_tracer").setLevel(logging.ERROR)


class Directory:
    """Where a file's blocks are, in plain numbers: a heavy character has a million blocks, of which few are ever read.

    As objects they would take seconds to make, and stop all threads whenever Python looks for garbage among them.
    """

    def __init__(self, bfile: Any) -> None:
        self._bfile = bfile
        self._offsets, self._sizes, self._counts = array("Q"), array("Q"), array("q")
        self.structs = array("l")
        self.is_data = bytearray()
        self.numbers: dict[int, int] = {}  # by the address in memory, when the file was written

    def add(self, code: bytes, size: int, address: int, struct: int, count: int, offset: int) -> None:
        """The next block in the file."""
        self.numbers[address] = len(self.is_data)
        self._offsets.append(offset)
        self._sizes.append(size)
        self._counts.append(count)
        self.structs.append(struct)
        self.is_data.append(code == b"DATA")

    def size(self, number: int) -> int:
        """A block's bytes."""
        return self._sizes[number]

    def block(self, number: int, address: int = 0, code: bytes = b"DATA") -> Any:
        """A block as the tracer knows it."""
        block: Any = blendfile.BlendFileBlock.__new__(blendfile.BlendFileBlock)
        block.bfile, block.endian, block._id_name = self._bfile, self._bfile.header.endian, ...
        block.code, block.addr_old = code, address
        block.size, block.file_offset = self._sizes[number], self._offsets[number]
        block.sdna_index, block.count = self.structs[number], self._counts[number]
        return block


class Addresses(dict[int, Any]):
    """Blocks by their address in memory; those of mere data are made when they are asked for."""

    def __init__(self, directory: Directory) -> None:
        super().__init__()
        self._directory = directory

    def __missing__(self, address: int) -> Any:
        block = self[address] = self._directory.block(self._directory.numbers[address], address)
        return block


def load_blocks(bfile: Any) -> None:
    """Find all blocks of a file just opened. `blocks` holds data-blocks only, and `directory` knows of all."""
    directory = bfile.directory = Directory(bfile)
    bfile.block_from_addr = Addresses(directory)
    order = [field.name for field in dataclasses.fields(bfile.block_header_fields)]
    code_at, size_at, old_at, struct_at, count_at = (
        order.index(name) for name in ("code", "len", "old", "SDNAnr", "nr")
    )
    header = bfile.block_header_struct
    offset = begin = bfile.fileobj.tell()
    window = b""  # of the file, from `begin` on; a map of it would crash us with a share that goes away
    while True:
        if offset + header.size > begin + len(window):
            bfile.fileobj.seek(offset)
            begin, window = offset, bfile.fileobj.read(WINDOW)
            if len(window) < header.size:
                break
        values = header.unpack_from(window, offset - begin)
        offset += header.size
        code, size, address = values[code_at].partition(b"\0")[0], values[size_at], values[old_at]
        if code == b"ENDB":
            break
        if size < 0:
            raise exceptions.BlendFileError("a block has a negative size", bfile.filepath)
        directory.add(code, size, address, values[struct_at], values[count_at], offset)
        if code != b"DATA":
            _keep(bfile, directory.block(len(directory.is_data) - 1, address, code))
        offset += size
    if not bfile.structs:
        raise exceptions.NoDNA1Block("No DNA1 block in file, not a valid .blend file", bfile.filepath)


def _keep(bfile: Any, block: Any) -> None:
    """A block that is no mere data."""
    if block.code in (b"DNA1", b"GLOB"):
        bfile.fileobj.seek(block.file_offset)
        (bfile.decode_structs if block.code == b"DNA1" else bfile.decode_glob)(block)
    bfile.blocks.append(block)
    bfile.code_index[block.code].append(block)
    bfile.block_from_addr[block.addr_old] = block


# All files are opened this way, by the tracer too.
_opening: Any = blendfile.BlendFile
_opening._load_blocks = load_blocks


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
