"""Ranges of samples to one picture: means where a mean makes sense, and ranges that are the whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from exr_files import channels_of, layered, save
from flamenco_common.commands import FileSet, MergeSamples, MergeTiles
from flamenco_worker.commands.image import merge_samples, merge_tiles
from flamenco_worker.errors import CommandFailed
from flamenco_worker.media import cryptomatte, exr
from flamenco_worker.media.exr import Pixels
from hypothesis import given, settings
from hypothesis import strategies as st
from worker_parts import Bench, told

WIDTH, HEIGHT = 12, 9
COUNTS = (3, 4, 1)


def ranges(
    bench: Bench, base: str = "0001", counts: tuple[int, ...] = COUNTS, seed: int = 0
) -> list[dict[str, Pixels]]:
    """Write a picture's ranges; returns their channels."""
    parts, offset = [], 0
    for number, count in enumerate(counts):
        channels = layered(WIDTH, HEIGHT, seed + number)
        channels["ViewLayer.Debug Sample Count.X"][:] = count
        save(bench.place(f"parts/{base}_s{offset}-{count}-{sum(counts)}.exr"), channels)
        parts.append(channels)
        offset += count
    return parts


def merged(bench: Bench, output: str = "merged.exr") -> dict[str, Path]:
    """Merge; returns path → file."""
    context = bench.context()
    merge_samples(MergeSamples(inputs=FileSet(step="render"), output=str(bench.output / output)), context)
    for made in told(context).made:
        kind = "tile" if "_x" in made.path else "image"  # a tile is an intermediate result, which people do not fetch
        assert (made.kind, made.width, made.height) == (kind, WIDTH, HEIGHT)
    return {made.path: made.file for made in told(context).made}


def test_colours_are_the_mean_by_the_number_of_samples_in_float(bench: Bench) -> None:
    parts = ranges(bench)
    found = channels_of(merged(bench)["merged.exr"])
    for name in ("ViewLayer.Combined.R", "ViewLayer.Combined.A", "ViewLayer.Normal.X"):
        mean = sum(part[name].astype(np.float64) * count for part, count in zip(parts, COUNTS, strict=True)) / 8
        assert found[name].dtype == np.float32
        assert np.array_equal(found[name], mean.astype(np.float32))


def test_depth_and_index_are_those_of_the_first_sample_and_counts_add_up(bench: Bench) -> None:
    parts = ranges(bench)
    file = merged(bench)["merged.exr"]
    found = channels_of(file)
    for name in ("ViewLayer.Depth.Z", "ViewLayer.IndexOB.X"):
        assert np.array_equal(found[name], parts[0][name])
    assert (found["ViewLayer.Debug Sample Count.X"] == 8).all()
    assert exr.read(file)[0].header["cycles.ViewLayer.samples"] == "8"


def test_ranges_of_each_tile_are_merged_to_tiles_that_can_be_merged(bench: Bench) -> None:
    ranges(bench, "0001_x0-12_y0-9")
    ranges(bench, "0001_x12-24_y0-9", seed=10)
    tiles = merged(bench, "merged/still.exr")
    assert list(tiles) == ["merged/still_x0-12_y0-9.exr", "merged/still_x12-24_y0-9.exr"]
    bench.files = []
    for path, file in tiles.items():
        file.replace(bench.place(path, step="tiles"))
    context = bench.context()
    merge_tiles(
        MergeTiles(inputs=FileSet(step="tiles"), output=str(bench.output / "a.exr"), width=24, height=HEIGHT), context
    )
    assert told(context).made[0].width == 24


def test_an_output_that_names_the_tile_keeps_its_name(bench: Bench) -> None:
    ranges(bench, "0001_x0-12_y0-9")
    assert list(merged(bench, "tiles/tile_x0-12_y0-9.exr")) == ["tiles/tile_x0-12_y0-9.exr"]


@pytest.mark.parametrize(
    ("names", "says"),
    [
        ([], "there is no range of samples to merge"),
        (["a.exr"], "a.exr does not say in its name which samples it holds"),
        (["a_s0-4-8.exr"], "samples 4 to 7 of a are missing"),
        (["a_s4-4-8.exr"], "samples 0 to 3 are missing before a_s4-4-8.exr"),
        (["a_s0-4-8.exr", "a_s2-6-8.exr"], "a_s2-6-8.exr overlaps another range"),
        (["a_s0-4-8.exr", "a_s4-5-9.exr"], "a_s4-5-9.exr is of another number of samples than a_s0-4-8.exr"),
        (["a_s0-8-8.exr", "b_s0-8-8.exr"], "a_s0-8-8.exr and b_s0-8-8.exr are ranges of different pictures"),
    ],
)
def test_ranges_that_are_not_the_whole_are_told(bench: Bench, names: list[str], says: str) -> None:
    for name in names:
        save(bench.place(name), layered(WIDTH, HEIGHT))
    with pytest.raises(CommandFailed) as error:
        merged(bench)
    assert str(error.value) == says


def test_a_range_of_another_size_or_with_other_channels_is_named(bench: Bench) -> None:
    save(bench.place("a_s0-4-8.exr"), layered(WIDTH, HEIGHT))
    save(bench.place("a_s4-4-8.exr"), layered(WIDTH, HEIGHT + 1))
    with pytest.raises(CommandFailed, match=r"a_s4-4-8\.exr is 12x10 pixels, but a_s0-4-8\.exr is 12x9"):
        merged(bench)
    save(bench.output / "a_s4-4-8.exr", {"R": np.zeros((HEIGHT, WIDTH), np.float32)})
    with pytest.raises(CommandFailed, match="lacks the channel"):
        merged(bench)


# ---- cryptomatte ----

RANKS = [("C.CryptoObject00.r", "C.CryptoObject00.g"), ("C.CryptoObject00.b", "C.CryptoObject00.a")]


def ids(*numbers: int) -> Pixels:
    """Ids as the float bits that a cryptomatte stores."""
    return np.array([numbers], np.uint32).view(np.float32)


def crypto(first: tuple[int, float], second: tuple[int, float]) -> dict[str, Pixels]:
    """One pixel of two ranks."""
    values = zip(RANKS, (first, second), strict=True)
    return {
        name: pixels
        for (id_name, cover_name), (number, cover) in values
        for name, pixels in ((id_name, ids(number)), (cover_name, np.array([[cover]], np.float32)))
    }


def test_coverages_add_up_by_id_and_the_greatest_come_first() -> None:
    assert cryptomatte.families([name for rank in RANKS for name in rank]) == {"C.CryptoObject": RANKS}
    found = cryptomatte.merged(RANKS, [crypto((7, 0.9), (5, 0.1)), crypto((5, 1.0), (0, 0.0))], [0.5, 0.5])
    assert [int(found[name].view(np.uint32)[0, 0]) for name, _ in RANKS] == [5, 7]
    assert [round(float(found[name][0, 0]), 6) for _, name in RANKS] == [0.55, 0.45]


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.lists(st.tuples(st.integers(1, 4), st.floats(0, 1)), min_size=2, max_size=2), min_size=1, max_size=4)
)
def test_no_coverage_comes_from_nowhere(pixels: list[list[tuple[int, float]]]) -> None:
    weights = [1 / len(pixels)] * len(pixels)
    found = cryptomatte.merged(RANKS, [crypto(*pixel) for pixel in pixels], weights)
    totals: dict[int, float] = {}
    for pixel in pixels:
        for number, cover in pixel:
            totals[number] = totals.get(number, 0.0) + float(np.float32(cover)) / len(pixels)
    covers = [float(found[name][0, 0]) for _, name in RANKS]
    best = [*sorted(totals.values(), reverse=True), 0.0]
    assert np.allclose(covers, best[:2], atol=1e-6)
    for (id_name, _), cover in zip(RANKS, covers, strict=True):
        number = int(found[id_name].view(np.uint32)[0, 0])
        assert np.isclose(totals.get(number, 0.0), cover, atol=1e-6) or cover == 0


def test_a_picture_with_cryptomatte_is_merged_with_it(bench: Bench) -> None:
    for offset, pixel in ((0, crypto((7, 1.0), (0, 0.0))), (4, crypto((9, 1.0), (0, 0.0)))):
        save(bench.place(f"a_s{offset}-4-8.exr"), {**pixel, "C.Combined.R": np.ones((1, 1), np.float32)})
    context = bench.context()
    merge_samples(MergeSamples(inputs=FileSet(step="render"), output=str(bench.output / "a.exr")), context)
    found = channels_of(told(context).made[0].file)
    assert {int(found[name].view(np.uint32)[0, 0]) for name, _ in RANKS} == {7, 9}
    assert [float(found[name][0, 0]) for _, name in RANKS] == [0.5, 0.5]
