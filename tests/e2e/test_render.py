"""The render job type through a running farm: frames that equal a local render, and a preview of exactly these frames."""

from __future__ import annotations

from pathlib import Path

import local
import numpy as np
import pytest
from pictures import duration, exr_channels, frame_count, pixels, size_of
from scenes import blend, copy
from whole_farm import WholeFarm

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.mark.parametrize(("scene", "version"), [("small_cycles", "5.0"), ("workbench", "3.4")])
def test_24_frames_and_a_preview(farm: WholeFarm, result: Path, scene: str, version: str) -> None:
    file = blend(scene, version)
    job = farm.submit(file, settings={"frames": "1-24"}, blender=version)
    farm.wait(job, 300)
    farm.fetch(job, result)
    frames = sorted(result.glob("frames/*.png"))
    assert [path.name for path in frames] == [f"{number:04}.png" for number in range(1, 25)]
    assert {size_of(path) for path in frames} == {(32, 24)}
    assert frame_count(result / "preview.mp4") == 24
    assert duration(result / "preview.mp4") == pytest.approx(1.0, abs=0.001)
    local.render(file, version, [3], str(result / "local_####"))
    assert np.array_equal(pixels(result / "frames/0003.png"), pixels(result / "local_0003.png"))


def test_a_frame_list_with_steps(farm: WholeFarm, result: Path) -> None:
    job = farm.submit(
        blend("small_cycles", "4.5"), settings={"frames": "1-9x2,12,20-22", "chunk_size": 3}, blender="4.5"
    )
    farm.wait(job, 300)
    farm.fetch(job, result)
    wanted = [1, 3, 5, 7, 9, 12, 20, 21, 22]
    assert sorted(int(path.stem) for path in result.glob("frames/*.png")) == wanted
    assert frame_count(result / "preview.mp4") == len(wanted)


def test_two_view_layers(farm: WholeFarm, result: Path) -> None:
    job = farm.submit(blend("two_layers", "4.5"), settings={"frames": "1-2", "split_view_layers": True}, blender="4.5")
    farm.wait(job, 300)
    farm.fetch(job, result)
    front, back = (pixels(result / f"frames/{layer}/0001.png") for layer in ("Front", "Back"))
    assert front[..., 0].max() > front[..., 2].max(), "the red cube is in front"
    assert back[..., 2].max() > back[..., 0].max(), "the blue cube is in the back"
    assert frame_count(result / "preview.mp4") == 2


def test_multilayer_exr(farm: WholeFarm, result: Path, tmp_path: Path) -> None:
    file = blend("two_layers", "4.5")
    job = farm.submit(file, settings={"frames": "1-2", "format": "OPEN_EXR_MULTILAYER"}, blender="4.5")
    farm.wait(job, 300)
    farm.fetch(job, result)
    mine = exr_channels(result / "frames/0002.exr")
    assert {name.split(".")[0] for name in mine} >= {"Front", "Back"}
    local.render(
        file, "4.5", [2], str(tmp_path / "####.exr"), "scene.render.image_settings.file_format = 'OPEN_EXR_MULTILAYER'"
    )
    theirs = exr_channels(tmp_path / "0002.exr")
    assert set(mine) == set(theirs)
    assert all(np.array_equal(mine[name], theirs[name]) for name in mine)
    assert frame_count(result / "preview.mp4") == 2


def test_overrides_change_what_is_rendered(farm: WholeFarm, result: Path) -> None:
    job = farm.submit(
        blend("small_cycles", "4.5"),
        settings={"frames": "1", "preview": False},
        overrides={"samples": 1, "resolution_x": 64, "resolution_y": 40},
        blender="4.5",
    )
    farm.wait(job, 300)
    farm.fetch(job, result)
    assert size_of(result / "frames/0001.png") == (64, 40)


def test_a_preset_of_the_farm(farm: WholeFarm, result: Path) -> None:
    job = farm.submit(
        blend("small_cycles", "4.5"), settings={"frames": "1", "preview": False}, preset="preview", blender="4.5"
    )
    shown = farm.wait(job, 300)
    assert shown["preset"] == "preview"
    farm.fetch(job, result)
    percentage = next(each for each in farm.client.render_settings() if each["name"] == "preview")["overrides"][
        "resolution_percentage"
    ]
    assert size_of(result / "frames/0001.png") == (32 * percentage // 100, 24 * percentage // 100)


def test_only_missing_frames_are_rendered_the_second_time(farm: WholeFarm, tmp_path: Path) -> None:
    """Shared storage: the worker uses the files in place."""
    file = copy("small_cycles", "4.5", tmp_path / "project")
    output = tmp_path / "out"

    def rendered(job: int) -> set[int]:
        farm.wait(job, 300)
        return {timing["frame"] for run in farm.client.runs(job) for timing in farm.client.run(run["id"])["timings"]}

    def again() -> int:
        settings = {"frames": "1-8", "chunk_size": 4}
        return farm.submit(file, settings=settings, shared=True, output_root=output, blender="4.5")

    assert rendered(again()) == set(range(1, 9))
    kept = (output / "frames/0001.png").stat().st_mtime_ns
    (output / "frames/0003.png").unlink()
    (output / "frames/0006.png").write_bytes((output / "frames/0006.png").read_bytes()[:200])
    second = again()
    assert rendered(second) == {3, 6}, "the one that was gone and the one that was cut short"
    assert (output / "frames/0001.png").stat().st_mtime_ns == kept
    assert {each["frame"] for each in farm.outputs(second, kind="frame")} == set(range(1, 9))
    assert frame_count(output / "preview.mp4") == 8


def test_chosen_frames_are_rendered_again(farm: WholeFarm, result: Path) -> None:
    job = farm.submit(blend("small_cycles", "4.5"), settings={"frames": "1-6", "preview": False}, blender="4.5")
    farm.wait(job, 300)
    first = {run["id"] for run in farm.client.runs(job)}
    farm.cli("requeue", str(job), "--frames", "2,5")
    farm.wait(job, 300)
    more = [run for run in farm.client.runs(job) if run["id"] not in first]
    assert len(more) == 2
    assert len(farm.fetch(job, result).new) == 6
