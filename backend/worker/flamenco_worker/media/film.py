"""DPX and Cineon: film scans, uncompressed. The header says how large the picture and the file are.

Their pixels carry no check sums, so a whole file is one that is as long as its header says.
"""

from __future__ import annotations

import struct
from pathlib import Path

from flamenco_worker.errors import BadOutput

DPX_MAGIC = (b"SDPX", b"XPDS")
_LINEAR = 2
CINEON_MAGIC = (b"\x80\x2a\x5f\xd7", b"\xd7\x5f\x2a\x80")


def size(file: Path) -> tuple[int, int]:
    """Width and height, after the file's length was compared with its header. Raises `BadOutput`."""
    with file.open("rb") as stream:
        header = stream.read(2048)
    order = ">" if header[:4] in (DPX_MAGIC[0], CINEON_MAGIC[0]) else "<"
    try:
        width, height, needed = (_dpx if header[:4] in DPX_MAGIC else _cineon)(header, order)
    except struct.error as error:
        raise BadOutput(f"{file.name} is damaged: it ends within its header") from error
    if file.stat().st_size < needed:
        raise BadOutput(f"{file.name} is cut off: it has {file.stat().st_size} of {needed} bytes")
    return width, height


def is_linear(file: Path) -> bool:
    """Whether a DPX holds linear values, as it says. Blender's own writer, before 4, said so of sRGB."""
    with file.open("rb") as stream:
        header = stream.read(802)
    return header[801] == _LINEAR and not header[160:].startswith(b"Blender")


def _dpx(header: bytes, order: str) -> tuple[int, int, int]:
    (offset,) = struct.unpack_from(order + "I", header, 4)
    width, height = struct.unpack_from(order + "II", header, 772)
    descriptor, _, _, bits, packing = struct.unpack_from(order + "BBBBH", header, 800)
    samples = {50: 3, 51: 4, 52: 4}.get(descriptor, 1)
    return width, height, offset + height * _row_bytes(width * samples, bits, packing)


def _row_bytes(samples: int, bits: int, packing: int) -> int:
    """Rows end at 32-bit words; filled samples of 10 bits come three a word, of 12 bits in 16."""
    if bits == 10 and packing:
        return -(-samples // 3) * 4
    if bits == 12 and packing:
        bits = 16
    return -(-samples * bits // 32) * 4


def _cineon(header: bytes, order: str) -> tuple[int, int, int]:
    (offset,) = struct.unpack_from(order + "I", header, 4)
    channels = header[193]
    width, height = struct.unpack_from(order + "II", header, 200)
    return width, height, offset + height * _row_bytes(width * channels, 10, 5)
