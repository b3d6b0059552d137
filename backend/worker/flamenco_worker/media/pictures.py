"""Any still picture that Blender writes, decoded to its last pixel.

EXR goes through OpenEXR, Radiance through our own reader, everything else through Pillow. DPX and Cineon are measured by their
headers; their pixels are shown through ffmpeg where it can.
"""

from __future__ import annotations

import io
import struct
import tempfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from flamenco_worker.errors import BadOutput, CommandFailed
from flamenco_worker.media import exr, film, radiance
from flamenco_worker.media.exr import Pixels
from flamenco_worker.media.ffmpeg import Ffmpeg

SUFFIXES = frozenset((
    ".exr", ".hdr", ".png", ".jpg", ".jpeg", ".jpe", ".tif", ".tiff", ".webp", ".bmp", ".tga", ".jp2", ".j2c", ".j2k",
    ".dpx", ".cin", ".rgb", ".sgi", ".bw", ".avif", ".gif",
))  # fmt: skip
_PNG = b"\x89PNG\r\n\x1a\n"
_THUMBNAIL = 320
Image.MAX_IMAGE_PIXELS = None  # our own renders may be large; nothing here is from strangers


@dataclass(frozen=True)
class Picture:
    """A decoded picture. `rows(bits, step)` gives R, G, B over black as rows of 8 or 16 bits, each `step`-th pixel of them."""

    width: int
    height: int
    rows: Callable[[int, int], Pixels] | None  # None: nothing here can show its pixels

    def rgb(self, bits: int = 8, step: int = 1) -> Pixels:
        """Its pixels. Raises `BadOutput` if nothing here can show them."""
        if self.rows is None:
            raise BadOutput("no reader of this machine shows the pixels of this kind of picture")
        return self.rows(bits, step)

    def thumbnail(self) -> bytes | None:
        """A small JPEG, or None if nothing here can show its pixels."""
        step = max(1, min(self.width, self.height) // (2 * _THUMBNAIL))
        try:
            small = Image.fromarray(np.ascontiguousarray(self.rgb(8, step)))
        except CommandFailed:
            return None
        small.thumbnail((_THUMBNAIL, _THUMBNAIL))
        target = io.BytesIO()
        small.save(target, "JPEG", quality=80)
        return target.getvalue()


def load(file: Path, ffmpeg: Ffmpeg | None = None) -> Picture:
    """Decode a picture wholly. Raises `BadOutput` if it is none, or is damaged."""
    with file.open("rb") as stream:
        magic = stream.read(8)
    if magic[:4] == exr.MAGIC:
        return _from_exr(file)
    if magic[:2] == radiance.MAGIC:
        return _from_linear(radiance.decode(file.read_bytes(), file.name))
    if magic[:4] in film.DPX_MAGIC:
        return Picture(
            *film.size(file), (lambda bits, step: _dpx(ffmpeg, file, bits)[::step, ::step]) if ffmpeg else None
        )
    if magic[:4] in film.CINEON_MAGIC:
        return Picture(*film.size(file), None)
    if magic == _PNG:
        _check_png(file)
    return _from_pillow(file, ffmpeg)


def _from_exr(file: Path) -> Picture:
    parts = exr.read(file)
    return Picture(*parts[0].size, lambda bits, step: exr.srgb(exr.combined(parts, step), bits))


def _from_linear(linear: Pixels) -> Picture:
    height, width = linear.shape[:2]
    return Picture(width, height, lambda bits, step: exr.srgb(linear[::step, ::step], bits))


def _from_pillow(file: Path, ffmpeg: Ffmpeg | None) -> Picture:
    try:
        with Image.open(file) as image:
            image.load()
            picture: Image.Image = image.copy() if image.fp else image
    except UnidentifiedImageError as error:
        raise BadOutput(f"{file.name} is not a picture that can be read") from error
    except (OSError, ValueError, SyntaxError, EOFError, struct.error) as error:
        raise BadOutput(f"{file.name} is damaged: {error}") from error

    strange = "A" in picture.getbands() and _is_deep_jpeg2000(file)  # of those Pillow gets the alpha wrong

    def rows(bits: int, step: int) -> Pixels:
        if ffmpeg is not None and (strange or (bits == 16 and step == 1 and _is_deep(file))):
            return _through(ffmpeg, file, bits)[::step, ::step]
        flat = _over_black(picture.convert("RGB") if strange else picture)[::step, ::step]
        return flat if bits == 8 else flat.astype(np.uint16) * 257

    return Picture(*picture.size, rows)


def _over_black(image: Image.Image) -> Pixels:
    if image.mode.startswith("I"):
        grey = np.asarray(image).astype(np.uint32)
        return np.repeat((grey >> 8).astype(np.uint8)[..., None], 3, axis=-1)
    if "A" in image.getbands() or "transparency" in image.info:
        clear = image.convert("RGBA")
        return np.asarray(Image.alpha_composite(Image.new("RGBA", clear.size, (0, 0, 0, 255)), clear).convert("RGB"))
    return np.asarray(image.convert("RGB"))


def _is_deep(file: Path) -> bool:
    """Whether the file may have more than 8 bits a channel, which Pillow drops for colour."""
    with file.open("rb") as stream:
        head = stream.read(32)
    return head[24] == 16 if head[:8] == _PNG else head[:4] in (b"II*\0", b"MM\0*") or b"jP" in head


def _is_deep_jpeg2000(file: Path) -> bool:
    """Look at the bits a channel in its header box: `ihdr`, height, width, channels, bits less one."""
    with file.open("rb") as stream:
        head = stream.read(128)
    box = head.find(b"ihdr")
    return 0 <= box < len(head) - 14 and head[box + 14] > 7


def _dpx(ffmpeg: Ffmpeg | None, file: Path, bits: int) -> Pixels:
    if not film.is_linear(file):
        return _through(ffmpeg, file, bits)
    return exr.srgb(_through(ffmpeg, file, 16) / np.float32(65535), bits)


def _through(ffmpeg: Ffmpeg | None, file: Path, bits: int) -> Pixels:
    """Have ffmpeg decode one picture to raw pixels, alpha over black."""
    if ffmpeg is None:
        raise BadOutput(f"{file.name} needs ffmpeg to be read")
    with tempfile.TemporaryDirectory(prefix="flamenco-") as folder:
        raw = Path(folder) / "raw"
        ffmpeg.run(["-i", str(file), "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "rgba64le", str(raw)])
        width, height = ffmpeg.size(file)
        rgba = np.fromfile(raw, "<u2").reshape(height, width, 4).astype(np.uint32)
    rgb = rgba[..., :3] * rgba[..., 3:] // 65535
    return ((rgb * 255 + 32767) // 65535).astype(np.uint8) if bits == 8 else rgb.astype(np.uint16)


def _check_png(file: Path) -> None:
    """Walk the chunks: Pillow stops at the last pixel, and does not look at the check sums of pixel data."""
    data = memoryview(file.read_bytes())
    position, last = 8, b""
    while position + 12 <= len(data) and last != b"IEND":
        (length,) = struct.unpack_from(">I", data, position)
        end = position + 12 + length
        if end > len(data):
            break
        last = bytes(data[position + 4 : position + 8])
        (checksum,) = struct.unpack_from(">I", data, end - 4)
        if zlib.crc32(data[position + 4 : end - 4]) != checksum:
            raise BadOutput(f"{file.name} is damaged: the check sum of a part is wrong")
        position = end
    if last != b"IEND":
        raise BadOutput(f"{file.name} is cut off: it has no end")
