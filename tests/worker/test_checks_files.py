"""Outputs are judged by their bytes: whole, of the right size, and of the kind that they claim."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import OpenEXR
import pytest
from exr_files import header, layered, save
from flamenco_worker.checks.files import check, thumbnail
from flamenco_worker.errors import BadOutput
from flamenco_worker.media import exr
from PIL import Image

WIDTH, HEIGHT = 90, 50
FORMATS = {
    "png": {}, "jpg": {"quality": 90}, "tif": {"compression": "tiff_deflate"}, "webp": {"lossless": True},
    "bmp": {}, "tga": {"compression": "tga_rle"}, "jp2": {}, "sgi": {},
}  # fmt: skip
CODECS = ("NO", "RLE", "ZIPS", "ZIP", "PIZ", "PXR24", "B44", "B44A", "DWAA", "DWAB")


def noise(seed: int = 1) -> Image.Image:
    """A picture that no codec makes small."""
    return Image.fromarray(np.random.default_rng(seed).integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8))


def spoilt(file: Path, part: float) -> Path:
    """A copy of a file that was cut off after a part of it."""
    data = file.read_bytes()
    cut = file.with_name(f"cut{file.suffix}")
    cut.write_bytes(data[: int(len(data) * part)])
    return cut


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_whole_picture_passes_and_one_that_is_cut_off_does_not(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"a.{suffix}"
    noise().save(file, **FORMATS[suffix])
    checked = check(file, "frame", WIDTH, HEIGHT)
    assert (checked.width, checked.height) == (WIDTH, HEIGHT)
    for part in (0.01, 0.5, 0.95):
        with pytest.raises(BadOutput):
            check(spoilt(file, part), "frame")


@pytest.mark.parametrize("codec", CODECS)
def test_an_exr_of_any_compression_passes_whole_and_does_not_cut_off(tmp_path: Path, codec: str) -> None:
    file = save(tmp_path / "a.exr", layered(WIDTH, HEIGHT), compression=getattr(OpenEXR, f"{codec}_COMPRESSION"))
    assert check(file, "tile", WIDTH, HEIGHT).width == WIDTH
    for part in (0.001, 0.2, 0.7, 0.99):
        with pytest.raises(BadOutput):
            check(spoilt(file, part), "tile")


def test_an_exr_whose_middle_is_zeroed_is_damaged(tmp_path: Path) -> None:
    file = save(tmp_path / "a.exr", layered(WIDTH, HEIGHT))
    data = bytearray(file.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 2000] = bytes(2000)
    file.write_bytes(data)
    with pytest.raises(BadOutput, match="damaged"):
        check(file, "frame")


def test_every_part_of_a_multipart_exr_is_read(tmp_path: Path) -> None:
    file = tmp_path / "a.exr"
    parts = [
        exr.Part(header(WIDTH, HEIGHT, name=name), layered(WIDTH, HEIGHT, seed))
        for seed, name in enumerate(("left", "right"))
    ]
    exr.write(file, parts)
    again = exr.read(file)
    assert [part.header["name"] for part in again] == ["left", "right"]
    assert check(file, "frame").height == HEIGHT
    with pytest.raises(BadOutput, match="damaged"):
        check(spoilt(file, 0.9), "frame")


def test_one_flipped_byte_of_a_png_is_found(tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    noise().save(file)
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 0x10
    file.write_bytes(data)
    with pytest.raises(BadOutput, match="damaged"):
        check(file, "frame")


def test_a_picture_of_another_size_is_told_with_both_sizes(tmp_path: Path) -> None:
    noise().save(tmp_path / "a.png")
    with pytest.raises(BadOutput, match=r"a\.png is 90x50 pixels, but 1920x1080 were asked for"):
        check(tmp_path / "a.png", "frame", 1920, 1080)
    assert check(tmp_path / "a.png", "frame", 0, HEIGHT).width == WIDTH


@pytest.mark.parametrize("kind", ["frame", "video", "cache", "blend", "file"])
def test_a_file_that_is_missing_or_empty_is_no_output(tmp_path: Path, kind: str) -> None:
    with pytest.raises(BadOutput, match="was not written"):
        check(tmp_path / "a", kind)
    (tmp_path / "a").touch()
    with pytest.raises(BadOutput, match="is empty"):
        check(tmp_path / "a", kind)


def test_junk_is_neither_a_picture_nor_a_blend(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"<html>no</html>" * 100)
    with pytest.raises(BadOutput, match="not a picture"):
        check(tmp_path / "a.png", "frame")
    with pytest.raises(BadOutput, match=r"not a \.blend"):
        check(tmp_path / "a.png", "blend")
    check(tmp_path / "a.png", "cache")


@pytest.mark.parametrize("begin", [b"BLENDER-v405", b"BLENDER17-01v0500", b"\x28\xb5\x2f\xfd0000", b"\x1f\x8b000000"])
def test_a_blend_is_known_by_its_begin(tmp_path: Path, begin: bytes) -> None:
    (tmp_path / "a.blend").write_bytes(begin + bytes(100))
    check(tmp_path / "a.blend", "blend")


def opened(data: bytes | None) -> np.ndarray:
    """The pixels of a thumbnail."""
    assert data is not None
    image = Image.open(io.BytesIO(data))
    assert image.format == "JPEG"
    return np.asarray(image)


def test_a_thumbnail_is_a_small_jpeg(tmp_path: Path) -> None:
    noise().resize((1400, 700), Image.Resampling.NEAREST).save(tmp_path / "a.png")
    assert opened(thumbnail(tmp_path / "a.png")).shape == (160, 320, 3)
    checked = check(tmp_path / "a.png", "frame", with_thumbnail=True)
    assert opened(checked.thumbnail).shape == (160, 320, 3)


def test_the_thumbnail_of_an_exr_shows_its_combined_pass_as_srgb(tmp_path: Path) -> None:
    channels = layered(WIDTH, HEIGHT)
    for name, value in zip("RGB", (0.214041, 5.0, float("nan")), strict=True):
        channels[f"ViewLayer.Combined.{name}"] = np.full((HEIGHT, WIDTH), value, np.float16)
    shown = opened(thumbnail(save(tmp_path / "a.exr", channels)))
    assert np.abs(shown.astype(int) - [128, 255, 0]).max() <= 4


def test_a_thumbnail_lies_over_black_and_deep_pictures_are_not_cut(tmp_path: Path) -> None:
    clear = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    clear[..., :3], clear[:, : WIDTH // 2, 3] = 200, 255
    Image.fromarray(clear).save(tmp_path / "clear.png")
    shown = opened(thumbnail(tmp_path / "clear.png"))
    assert abs(int(shown[25, 10, 0]) - 200) < 4 > int(shown[25, 80, 0])
    Image.fromarray(np.full((HEIGHT, WIDTH), 0x8000, np.uint16)).save(tmp_path / "deep.png")
    assert abs(int(opened(thumbnail(tmp_path / "deep.png"))[0, 0, 0]) - 128) < 4


def test_there_is_no_thumbnail_of_what_is_no_picture(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"0" * 1000)
    assert thumbnail(tmp_path / "a.bin") is None
