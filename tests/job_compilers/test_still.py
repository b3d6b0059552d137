"""The job type `still`."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

import pytest
from compiled_jobs import Compiled, compile_with, refusal
from flamenco_common.commands import FileSet, SampleRange, Tile
from hypothesis import given, settings
from hypothesis import strategies as st


def part_name(command: Any) -> str:
    """The name that a worker gives a part."""
    tile, part = command.tile, command.samples
    behind = f"_s{part.offset}-{part.count}-{part.total}" if part else ""
    return f"parts/0007_x{tile.x0}-{tile.x1}_y{tile.y0}-{tile.y1}{behind}.exr"


def covered(tiles: list[Tile]) -> int:
    """The pixels of tiles that do not overlap."""
    for one in tiles:
        for other in tiles:
            apart = one.x1 <= other.x0 or other.x1 <= one.x0 or one.y1 <= other.y0 or other.y1 <= one.y0
            assert one is other or apart
    return sum((tile.x1 - tile.x0) * (tile.y1 - tile.y0) for tile in tiles)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 6), st.integers(1, 6), st.integers(48, 700), st.integers(48, 700))
def test_tiles_are_the_picture_without_seams(columns: int, rows: int, width: int, height: int) -> None:
    scene = {"width": width, "height": height}
    job = compile_with("still", {"tiles": f"{columns}x{rows}"}, scene=scene)
    tiles = [command.tile for command in job.commands("render")]
    assert len(tiles) == columns * rows
    assert covered(tiles) == width * height
    assert all((tile.width, tile.height) == (width, height) for tile in tiles)
    assert max(tile.x1 - tile.x0 for tile in tiles) - min(tile.x1 - tile.x0 for tile in tiles) <= 1


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 40), st.integers(40, 5000))
def test_sample_ranges_are_whole_and_add_up(parts: int, total: int) -> None:
    job = compile_with("still", {"tiles": "1x1", "sample_ranges": parts, "samples": total})
    ranges = [command.samples for command in job.commands("render")]
    assert [part.offset for part in ranges] == [sum(other.count for other in ranges[:at]) for at in range(parts)]
    assert sum(part.count for part in ranges) == total
    assert all(part.total == total and part.count >= 1 for part in ranges)


def check_merge_of_samples(job: Compiled) -> None:
    """Each tile's ranges, and no other's, are merged to one file that keeps the tile's coordinates."""
    rendered = job.commands("render")
    for merge in job.commands("merge samples"):
        taken = [each for each in rendered if fnmatchcase(part_name(each), merge.inputs.pattern)]
        (tile,) = {each.tile for each in taken}
        assert len(taken) == 3
        assert merge.output == f"/o/tiles/tile_x{tile.x0}-{tile.x1}_y{tile.y0}-{tile.y1}.exr"


def test_tiles_and_samples_are_merged_samples_first() -> None:
    job = compile_with("still", {"tiles": "3x2", "sample_ranges": 3})
    assert job.waits == {
        "render": [], "merge samples": ["render"], "merge": ["merge samples"], "write": ["merge"],
    }  # fmt: skip
    assert [len(job[name].tasks) for name in job.names] == [18, 6, 1, 1]
    check_merge_of_samples(job)
    merge, write = job.command("merge"), job.command("write")
    assert (merge.inputs, merge.output) == (FileSet(step="merge samples"), "/o/merged/shot_0007.exr")
    assert (merge.width, merge.height) == (960, 540)
    assert (write.image, write.output, write.frame) == (FileSet(step="merge"), "/o/shot_0007", 7)


def test_many_tiles_with_alike_numbers_are_told_apart() -> None:
    check_merge_of_samples(compile_with("still", {"tiles": "12x11", "sample_ranges": 3}))


def test_tiles_alone() -> None:
    job = compile_with("still", {"tiles": "4x4"})
    assert job.names == ["render", "merge", "write"]
    assert len(job["render"].tasks) == 16
    assert all(command.samples is None for command in job.commands("render"))


def test_samples_alone() -> None:
    job = compile_with("still", {"tiles": "1x1", "sample_ranges": 3})
    assert job.waits == {"render": [], "merge samples": ["render"], "write": ["merge samples"]}
    merge = job.command("merge samples")
    assert (merge.inputs, merge.output) == (FileSet(step="render"), "/o/merged/shot_0007.exr")
    assert [command.samples for command in job.commands("render")] == [
        SampleRange(0, 33, 100), SampleRange(33, 33, 100), SampleRange(66, 34, 100),
    ]  # fmt: skip


def test_one_tile_and_one_range_is_the_picture_in_one_piece() -> None:
    job = compile_with("still", {"tiles": "1x1"})
    assert job.names == ["render", "merge", "write"]
    (render,) = job.commands("render")
    assert render.tile == Tile(0, 0, 960, 540, 960, 540)
    assert (render.format, render.output, render.frames) == ("OPEN_EXR_MULTILAYER", "/o/parts/####", "7")
    assert render.sequencer is False


def test_the_size_is_that_of_the_overridden_render_settings() -> None:
    job = compile_with(
        "still", {"tiles": "2x1"}, preset={"resolution_x": 1001}, overrides={"resolution_percentage": 33}
    )
    first, second = (command.tile for command in job.commands("render"))
    assert (first.width, first.height) == (330, 356)  # 1001 * 33 // 100 and 1080 * 33 // 100
    assert (first.x1, second.x0, second.x1) == (165, 165, 330)


def test_samples_come_from_the_setting_then_the_preset_then_the_scene() -> None:
    ranges = {"tiles": "1x1", "sample_ranges": 2}
    for chosen, preset, total in (({}, {}, 100), ({}, {"samples": 64}, 64), ({"samples": 8}, {"samples": 64}, 8)):
        render = compile_with("still", {**ranges, **chosen}, preset=preset).commands("render")[0]
        assert render.samples.total == total
        assert render.overrides.get("samples", 100) == total


def test_the_picture_is_written_in_the_wanted_format() -> None:
    for choice, scene, written in (("scene", "JPEG", None), ("scene", "FFMPEG", "PNG"), ("TIFF", "PNG", "TIFF")):
        job = compile_with("still", {"format": choice}, scene={"format": scene})
        assert job.command("write").overrides.get("format") == written
        assert job.commands("render")[0].format == "OPEN_EXR_MULTILAYER"


def test_the_result_has_a_name_that_every_platform_takes() -> None:
    job = compile_with("still", {"frame": 12345, "camera": "Close"}, name="a/b: #1?")
    assert job.command("write").output == "/o/a_b_ _1__12345"
    assert job.commands("render")[0].camera == "Close"


@pytest.mark.parametrize(
    ("settings", "more", "field", "says"),
    [
        ({"tiles": "four"}, {}, "tiles", "tiles 'four' cannot be read: write them across and down, like 4x4"),
        ({"tiles": "4"}, {}, "tiles", "cannot be read"),
        ({"tiles": "0x4"}, {}, "tiles", "1 to 64 each way"),
        ({"tiles": "65x1"}, {}, "tiles", "1 to 64 each way"),
        ({"tiles": "-1x4"}, {}, "tiles", "cannot be read"),
        ({"tiles": "8x8"}, {"scene": {"width": 63, "height": 64}}, "tiles", "8x8 tiles of 63x64 pixels"),
        ({"tiles": "8x8"}, {"overrides": {"resolution_percentage": 3}}, "tiles", "thinner than 8 pixels"),
        ({"sample_ranges": 2}, {"scene": {"engine": "BLENDER_EEVEE"}}, "sample_ranges", "only Cycles"),
        ({"sample_ranges": 2}, {"overrides": {"engine": "BLENDER_WORKBENCH"}}, "sample_ranges", "only Cycles"),
        ({"sample_ranges": 101}, {}, "sample_ranges", "100 samples cannot be split into 101 ranges"),
        ({"sample_ranges": 0}, {}, "sample_ranges", "at least 1"),
        ({"camera": "None"}, {}, "camera", "no camera 'None'"),
    ],
)
def test_bad_settings_are_named(settings: dict[str, Any], more: dict[str, Any], field: str, says: str) -> None:
    named, sentence = refusal("still", settings, **more)
    assert named == f"settings.{field}"
    assert says in sentence


def test_a_scene_that_does_not_tell_its_size_cannot_be_tiled() -> None:
    scene = dict.fromkeys(("width", "height", "resolution_x", "resolution_y"))
    assert refusal("still", scene=scene) == ("settings", "the scene does not tell its width")


def test_any_engine_can_be_tiled_and_gets_no_samples() -> None:
    job = compile_with("still", {"tiles": "2x2", "samples": 9}, scene={"engine": "BLENDER_WORKBENCH"})
    assert "samples" not in job.commands("render")[0].overrides
