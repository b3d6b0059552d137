"""Tiles to one picture: every bit of every channel, and a tile that does not fit is named."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import OpenEXR
import pytest
from exr_files import channels_of, header, layered, save
from flamenco_common.commands import FileSet, MergeTiles
from flamenco_worker.commands.image import merge_tiles
from flamenco_worker.errors import CommandFailed
from flamenco_worker.media import exr
from worker_parts import Bench, told

WIDTH, HEIGHT = 50, 31
XS, YS = (0, 17, 50), (0, 11, 30, 31)


def boxes() -> list[tuple[int, int, int, int]]:
    """x0, x1, y0, y1 of tiles that make the picture."""
    pairs = [list(itertools.pairwise(edges)) for edges in (XS, YS)]
    return [(*x, *y) for x in pairs[0] for y in pairs[1]]


def cut(channels: dict[str, np.ndarray], box: tuple[int, int, int, int]) -> dict[str, np.ndarray]:
    """The channels of a tile; y goes up."""
    x0, x1, y0, y1 = box
    return {name: pixels[HEIGHT - y1 : HEIGHT - y0, x0:x1] for name, pixels in channels.items()}


def name_of(box: tuple[int, int, int, int], base: str = "0001", more: str = "") -> str:
    """A tile's path, as the render command names it."""
    x0, x1, y0, y1 = box
    return f"parts/{base}_x{x0}-{x1}_y{y0}-{y1}{more}.exr"


def write_tiles(bench: Bench, channels: dict[str, np.ndarray], **more: object) -> dict[str, Path]:
    """Write all tiles of a picture; returns name → file."""
    return {name_of(box): save(bench.place(name_of(box)), cut(channels, box), **more) for box in boxes()}


def merged(bench: Bench, width: int = WIDTH, height: int = HEIGHT) -> Path:
    """Merge; returns the file."""
    context = bench.context()
    command = MergeTiles(
        inputs=FileSet(step="render"), output=str(bench.output / "merged" / "a.exr"), width=width, height=height
    )
    merge_tiles(command, context)
    (made,) = told(context).made
    assert (made.path, made.kind, made.width, made.height) == ("merged/a.exr", "image", width, height)
    return made.file


def test_every_pixel_of_every_channel_is_in_its_place_with_its_type(bench: Bench) -> None:
    whole = layered(WIDTH, HEIGHT)
    write_tiles(bench, whole)
    found = channels_of(merged(bench))
    assert list(found) == sorted(whole)
    for name, pixels in whole.items():
        assert found[name].dtype == pixels.dtype
        assert found[name].tobytes() == pixels.tobytes()


def test_the_header_is_that_of_a_whole_render(bench: Bench) -> None:
    said = {"Scene": "Shot", "cryptomatte/1/manifest": '{"Cube":"a8fce865"}', "compression": OpenEXR.PIZ_COMPRESSION}
    primaries = (0.64, 0.33, 0.3, 0.6, 0.15, 0.06, 0.3127, 0.329)
    write_tiles(bench, layered(WIDTH, HEIGHT), chromaticities=primaries, **said)
    whole = save(bench.output / "whole.exr", layered(WIDTH, HEIGHT), chromaticities=primaries, **said)
    headers = [exr.read(file)[0].header for file in (merged(bench), whole)]
    assert str(headers[0]) == str(headers[1])


def test_bits_are_kept_where_the_scenes_compression_would_lose_some(bench: Bench) -> None:
    whole = layered(WIDTH, HEIGHT)
    tiles = write_tiles(bench, whole, compression=OpenEXR.DWAA_COMPRESSION)
    file = merged(bench)
    for box in boxes():
        tile = channels_of(tiles[name_of(box)])
        part = cut(channels_of(file), box)
        assert all(part[name].tobytes() == pixels.tobytes() for name, pixels in tile.items())


def test_files_of_several_parts_are_merged_part_by_part(bench: Bench) -> None:
    views = {"left": layered(WIDTH, HEIGHT, 1), "right": layered(WIDTH, HEIGHT, 2)}
    for box in boxes():
        parts = [
            exr.Part(header(box[1] - box[0], box[3] - box[2], name=name), cut(channels, box))
            for name, channels in views.items()
        ]
        exr.write(bench.place(name_of(box)), parts)
    found = exr.read(merged(bench))
    assert [part.header["name"] for part in found] == ["left", "right"]
    for part in found:
        for name, pixels in views[part.header["name"]].items():
            assert part.channels[name].tobytes() == pixels.tobytes()


def test_one_tile_may_be_the_whole_picture(bench: Bench) -> None:
    whole = layered(WIDTH, HEIGHT)
    save(bench.place(name_of((0, WIDTH, 0, HEIGHT))), whole)
    assert channels_of(merged(bench))["ViewLayer.Depth.Z"].tobytes() == whole["ViewLayer.Depth.Z"].tobytes()


def test_a_tile_that_is_missing_is_told(bench: Bench) -> None:
    write_tiles(bench, layered(WIDTH, HEIGHT))
    bench.files = [each for each in bench.files if each.path != name_of((17, 50, 11, 30))]
    with pytest.raises(CommandFailed, match="no tile covers the pixel 17,11: 627 pixels are missing"):
        merged(bench)


def test_no_tile_at_all_is_told(bench: Bench) -> None:
    with pytest.raises(CommandFailed, match="there is no tile to merge"):
        merged(bench)


@pytest.mark.parametrize(
    ("box", "more", "says"),
    [
        ((40, 50, 0, 5), "", "x40-50_y0-5.exr overlaps another"),
        ((0, 50, 31, 40), "", "x0-50_y31-40.exr is not inside the picture of 50x31 pixels"),
        ((0, 50, 0, 31), "_s0-4-8", "is a range of samples: those are merged before tiles"),
    ],
)
def test_a_tile_that_does_not_fit_is_named(bench: Bench, box: tuple[int, int, int, int], more: str, says: str) -> None:
    write_tiles(bench, layered(WIDTH, HEIGHT))
    save(bench.place(name_of(box, more=more)), layered(box[1] - box[0], box[3] - box[2]))
    with pytest.raises(CommandFailed) as error:
        merged(bench)
    assert says in str(error.value)


def test_a_tile_of_another_size_than_its_name_says_is_named(bench: Bench) -> None:
    tiles = write_tiles(bench, layered(WIDTH, HEIGHT))
    save(tiles[name_of((17, 50, 11, 30))], layered(33, 18))
    with pytest.raises(CommandFailed, match=r"x17-50_y11-30\.exr has 33x18 pixels, not 33x19"):
        merged(bench)


def test_tiles_of_different_pictures_or_without_a_box_are_told(bench: Bench) -> None:
    save(bench.place(name_of((0, 50, 0, 15))), layered(50, 15))
    save(bench.place(name_of((0, 50, 15, 31), base="0002")), layered(50, 16))
    with pytest.raises(CommandFailed, match="are tiles of different pictures"):
        merged(bench)
    bench.files = []
    save(bench.place("parts/0001.exr"), layered(50, 31))
    with pytest.raises(CommandFailed, match=r"0001\.exr does not say in its name which tile it is"):
        merged(bench)


def test_a_tile_with_other_channels_is_named(bench: Bench) -> None:
    tiles = write_tiles(bench, layered(WIDTH, HEIGHT))
    odd = cut(layered(WIDTH, HEIGHT), (17, 50, 11, 30))
    odd["ViewLayer.Mist.Z"] = odd.pop("ViewLayer.Depth.Z")
    save(tiles[name_of((17, 50, 11, 30))], odd)
    with pytest.raises(CommandFailed, match=r"lacks the channel ViewLayer\.(Mist|Depth)\.Z, which"):
        merged(bench)
    odd["ViewLayer.Depth.Z"] = odd.pop("ViewLayer.Mist.Z").astype(np.float16)
    save(tiles[name_of((17, 50, 11, 30))], odd)
    with pytest.raises(CommandFailed, match=r"Depth\.Z is float16 in 0001_x17-50_y11-30\.exr, but float32 in"):
        merged(bench)


def test_a_damaged_tile_is_named(bench: Bench) -> None:
    tiles = write_tiles(bench, layered(WIDTH, HEIGHT))
    file = tiles[name_of((17, 50, 11, 30))]
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(CommandFailed, match=r"x17-50_y11-30\.exr is damaged"):
        merged(bench)
