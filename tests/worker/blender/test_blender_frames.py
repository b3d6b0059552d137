"""Frames come out as they were asked for, in every Blender."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import OpenEXR
import pytest
from blender_bench import Bench
from flamenco_common.commands import BlenderRender
from PIL import Image
from scenes import BLENDERS, blend

pytestmark = pytest.mark.real
VERSIONS = pytest.mark.parametrize("version", BLENDERS)


def pixels(file: Path) -> np.ndarray:
    return np.array(Image.open(file)).astype(int)


@VERSIONS
def test_frames_have_names_sizes_and_times(bench: Bench, version: str) -> None:
    kept = bench.run(
        BlenderRender(**bench.scene("small_cycles", version), frames="1-4", output=bench.frames("a/x_###_y"))
    )
    assert [(m.path, m.frame, m.kind, m.width, m.height) for m in kept.made] == [
        (f"a/x_{frame:03d}_y.png", frame, "frame", 32, 24) for frame in (1, 2, 3, 4)
    ]
    assert all(Image.open(bench.output / made.path).size == (32, 24) for made in kept.made)
    assert [timing.frame for timing in kept.timings] == [1, 2, 3, 4]
    assert all(0 < timing.render <= timing.total < 60 and timing.memory_mb > 50 for timing in kept.timings)
    assert kept.fractions == sorted(kept.fractions)
    assert kept.fractions[-1] == 1
    red = [pixels(bench.output / made.path)[..., 0].argmax(axis=1).mean() for made in kept.made]
    assert red[0] < red[3], "the cube moves to the right"


@VERSIONS
def test_negative_frames_are_rendered_too(bench: Bench, version: str) -> None:
    kept = bench.run(BlenderRender(**bench.scene("workbench", version), frames="-2-0", output=bench.frames()))
    assert [made.path for made in kept.made] == ["-0002.png", "-0001.png", "0000.png"]


@VERSIONS
def test_formats_give_their_suffix_and_are_put_back(bench: Bench, version: str) -> None:
    scene = bench.scene("workbench", version)
    found = []
    for format in ("OPEN_EXR_MULTILAYER", "JPEG", "OPEN_EXR", "TIFF", ""):
        kept = bench.run(BlenderRender(**scene, frames="1", output=bench.frames(f"x{format}"), format=format))
        found.append(kept.made[0].path.rpartition(".")[2])
    assert found == ["exr", "jpg", "exr", "tif", "png"]
    assert Image.open(bench.output / "x.png").mode == "RGBA"


@VERSIONS
def test_a_scene_that_is_set_to_a_movie_gives_pictures(bench: Bench, version: str) -> None:
    kept = bench.run(BlenderRender(**bench.scene("movie", version), frames="1-2", output=bench.frames()))
    assert [made.path for made in kept.made] == ["0001.png", "0002.png"]
    assert Image.open(bench.output / "0002.png").size == (32, 24)


@VERSIONS
def test_view_layers_come_together_alone_or_one_file_each(bench: Bench, version: str) -> None:
    scene = bench.scene("two_layers", version)
    kept = bench.run(BlenderRender(**scene, frames="1", output=bench.frames("{layer}/####"), split_view_layers=True))
    assert [(made.path, made.layer) for made in kept.made] == [("Front/0001.png", "Front"), ("Back/0001.png", "Back")]
    front, back = (pixels(bench.output / made.path).max(axis=(0, 1)) for made in kept.made)
    assert front[0] > front[2] + 50
    assert back[2] > back[0] + 50
    exr = {"output": bench.frames(), "format": "OPEN_EXR_MULTILAYER", "overrides": {"color_depth": "32"}}
    both = bench.run(BlenderRender(**scene, frames="1", **exr))
    one = bench.run(BlenderRender(**scene, frames="2", **exr, view_layers=["Back"]))
    assert layers(bench.output / both.made[0].path) == {"Front", "Back"}
    assert layers(bench.output / one.made[0].path) == {"Back"}


def layers(file: Path) -> set[str]:
    with OpenEXR.File(str(file), separate_channels=True) as exr:
        return {name.partition(".")[0] for part in range(len(exr.parts)) for name in exr.channels(part)}


@VERSIONS
def test_a_chosen_camera_wins_over_the_markers(bench: Bench, version: str) -> None:
    scene = bench.scene("two_cameras", version)
    bench.run(BlenderRender(**scene, frames="1", output=bench.frames("own")))
    bench.run(BlenderRender(**scene, frames="1", output=bench.frames("away"), camera="Away"))
    bench.run(BlenderRender(**scene, frames="1", output=bench.frames("again")))
    assert pixels(bench.output / "own.png").std() > 5
    assert pixels(bench.output / "away.png")[..., :3].std() < 1
    assert np.array_equal(pixels(bench.output / "own.png"), pixels(bench.output / "again.png"))


@VERSIONS
def test_the_video_edit_is_rendered_or_left_out(bench: Bench, version: str) -> None:
    scene = bench.scene("edit", version)
    bench.run(BlenderRender(**scene, frames="12-13", output=bench.frames()))
    first, second = (pixels(bench.output / f"{frame:04d}.png")[5, 5] for frame in (12, 13))
    assert first[0] > first[2] + 100
    assert second[2] > second[0] + 100


@VERSIONS
def test_whole_pictures_that_are_there_are_not_rendered_again(bench: Bench, version: str) -> None:
    command = BlenderRender(
        **bench.scene("workbench", version), frames="1-4", output=bench.frames(), skip_existing=True
    )
    bench.run(command)
    (bench.output / "0002.png").unlink()
    (bench.output / "0003.png").write_bytes((bench.output / "0003.png").read_bytes()[:-20])
    Image.new("RGB", (5, 5)).save(bench.output / "0004.png")
    kept = bench.run(command)
    assert sorted(made.frame or 0 for made in kept.made) == [1, 2, 3, 4]
    assert sorted(timing.frame for timing in kept.timings) == [2, 3, 4]
    assert all(Image.open(bench.output / f"{frame:04d}.png").size == (32, 24) for frame in (1, 2, 3, 4))


@VERSIONS
def test_files_of_the_compositor_stay_below_the_outputs(bench: Bench, version: str) -> None:
    kept = bench.run(BlenderRender(**bench.scene("compositing", version), frames="1-2", output=bench.frames()))
    extra = [made for made in kept.made if made.kind == "image"]
    assert [made.frame for made in extra] == [1, 2]
    assert all(made.path.startswith("compositor/Extra/") for made in extra)
    assert all((bench.output / made.path).is_file() for made in extra)
    assert not (blend("compositing", version).parent / "elsewhere").exists()


def test_eevee_renders_without_a_display_many_frames_in_one_go(bench: Bench) -> None:
    """It prepares its lights whenever rendering begins, which takes longer than these frames."""
    command = BlenderRender(**bench.scene("eevee", "3.4"), frames="1-6,9", output=bench.frames())
    kept = bench.run(command)
    assert [made.frame for made in kept.made] == [1, 2, 3, 4, 5, 6, 9]
    assert all(Image.open(bench.output / made.path).size == (32, 24) for made in kept.made)
    assert pixels(bench.output / "0001.png").std() > 5
    assert not np.array_equal(pixels(bench.output / "0001.png"), pixels(bench.output / "0004.png"))
    first, *rest = (timing.total for timing in kept.timings[:6])
    assert max(rest) < first / 3
    assert all(0 < timing.render <= timing.total for timing in kept.timings)


def test_both_eyes_of_a_stereo_scene_are_handed_over(bench: Bench) -> None:
    kept = bench.run(BlenderRender(**bench.scene("stereo", "4.5"), frames="1", output=bench.frames()))
    assert sorted(made.path for made in kept.made) == ["0001_L.png", "0001_R.png"]
