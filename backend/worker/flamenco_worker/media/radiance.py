"""Radiance HDR pictures, which neither Pillow nor every ffmpeg reads.

The format: a text header, an empty line, `-Y height +X width`, then rows of red, green, blue and a shared exponent, either
flat or each of the four run-length encoded (Greg Ward, "Real Pixels", Graphics Gems II).
"""

from __future__ import annotations

import re

import numpy as np

from flamenco_worker.errors import BadOutput
from flamenco_worker.media.exr import Pixels

MAGIC = b"#?"
_SIZE = re.compile(rb"\n\n?-Y (\d+) \+X (\d+)\n")


def decode(data: bytes, name: str) -> Pixels:
    """Rows of linear R, G, B. Raises `BadOutput` if it is not whole."""
    match = _SIZE.search(data[:65536])
    if not match:
        raise BadOutput(f"{name} is not a readable Radiance picture")
    height, width = int(match[1]), int(match[2])
    rows = np.empty((height, 4, width), np.uint8)
    position = match.end()
    try:
        for row in rows:
            position = _row(data, position, row)
    except (IndexError, ValueError) as error:
        raise BadOutput(f"{name} is damaged: its pixels cannot be read to the end") from error
    mantissa = rows[:, :3, :].transpose(0, 2, 1).astype(np.float32)
    exponent = rows[:, 3, :, None].astype(np.int32)
    return np.where(exponent > 0, np.ldexp(mantissa, exponent - 136), np.float32(0))


def _row(data: bytes, position: int, row: Pixels) -> int:
    """Fill one row; returns where the next begins."""
    width = int(row.shape[1])
    packed = data[position : position + 2] == b"\x02\x02" and 8 <= width < 32768
    if not packed:
        row[:] = np.frombuffer(data, np.uint8, 4 * width, position).reshape(width, 4).T
        return position + 4 * width
    position += 4
    for channel in row:
        position = _channel(data, position, channel)
    return position


def _channel(data: bytes, position: int, channel: Pixels) -> int:
    done, width = 0, len(channel)
    while done < width:
        count = data[position]
        if count > 128:
            count -= 128
            channel[done : done + count] = data[position + 1]
            position += 2
        else:
            channel[done : done + count] = np.frombuffer(data, np.uint8, count, position + 1)
            position += 1 + count
        if not 0 < count <= width - done:
            raise ValueError("a run leaves its row")
        done += count
    return position
