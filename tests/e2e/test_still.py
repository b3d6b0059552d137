"""One picture by two workers: tiles equal the single-machine picture in every pixel, sample ranges within 1e-4."""

from __future__ import annotations

from pathlib import Path

import local
import numpy as np
import pytest
from pictures import exr_channels, pixels
from scenes import blend
from whole_farm import WholeFarm

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(900)]
HD = "scene.render.resolution_x, scene.render.resolution_y = 1920, 1080\n"
MULTILAYER = (
    "scene.render.image_settings.file_format = 'OPEN_EXR_MULTILAYER'\nscene.render.image_settings.color_depth = '32'\n"
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same picture on one machine: `picture.exr` with all passes, and `picture.png` in the scene's own format."""
    folder = tmp_path_factory.mktemp("whole")
    for setup, name in ((HD + MULTILAYER, "picture.exr"), (HD, "picture.png")):
        local.render(blend("still", "4.5"), "4.5", [1], str(folder / name), setup)
    return folder


def merged_by(farm: WholeFarm, result: Path, **settings: object) -> Path:
    """Render the picture by the farm; the folder of results, after seeing that both workers had a part in it."""
    size = {"resolution_x": 1920, "resolution_y": 1080}
    job = farm.submit(blend("still", "4.5"), "still", name="poster", settings=settings, overrides=size, blender="4.5")
    farm.wait(job, 600)
    assert len({run["worker"] for run in farm.client.runs(job)}) == 2
    farm.fetch(job, result)
    return result


def test_tiles_equal_the_whole_in_every_pixel(farm: WholeFarm, result: Path, whole: Path) -> None:
    merged_by(farm, result, tiles="4x4")
    mine, theirs = exr_channels(next(result.glob("merged/*.exr"))), exr_channels(whole / "picture.exr")
    assert set(mine) == set(theirs), "every pass is kept"
    assert any("Normal" in name for name in mine)
    for name, channel in theirs.items():
        assert channel.shape == (1080, 1920)
        assert np.array_equal(mine[name], channel), name
    assert np.array_equal(pixels(next(result.glob("*.png"))), pixels(whole / "picture.png")), (
        "colours are the scene's own"
    )


def test_sample_ranges_are_the_whole_within_a_ten_thousandth(farm: WholeFarm, result: Path, whole: Path) -> None:
    merged_by(farm, result, tiles="1x1", sample_ranges=4)
    mine, theirs = exr_channels(next(result.glob("merged/*.exr"))), exr_channels(whole / "picture.exr")
    combined = [name for name in theirs if ".Combined." in name]
    assert len(combined) == 4
    for name in combined:
        assert np.abs(mine[name] - theirs[name]).max() < 1e-4, name


def test_tiles_of_sample_ranges_as_jpeg(farm: WholeFarm, result: Path, whole: Path) -> None:
    merged_by(farm, result, tiles="2x1", sample_ranges=2, format="JPEG")
    difference = pixels(next(result.glob("*.jpg"))).astype(int) - pixels(whole / "picture.png")[..., :3].astype(int)
    assert np.abs(difference).mean() < 2
