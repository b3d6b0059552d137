"""Simulations baked by one worker and rendered by another: the picture moves as it does in a local bake."""

from __future__ import annotations

from pathlib import Path

import local
import numpy as np
import pytest
from pictures import frame_count, pixels
from scenes import blend
from whole_farm import WholeFarm

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(600)]
LAST = 6
# A local render steps through every frame, so that simulations run as they would when played.
PLAY = "for number in range(1, 7):\n    scene.frame_set(number)\n"


@pytest.mark.parametrize(
    ("scene", "version"),
    [
        ("cloth", "4.5"),
        ("cloth", "3.4"),
        ("particles", "4.5"),
        ("rigidbody", "5.0"),
        ("softbody", "3.4"),
        ("nodes", "4.5"),
    ],
)
def test_the_baked_motion_is_rendered(farm: WholeFarm, result: Path, scene: str, version: str) -> None:
    file = blend(scene, version)
    settings = {"frames": f"1-{LAST}", "render": True, "retries": 0}
    job = farm.submit(file, "bake", settings=settings, blender=version)
    farm.wait(job, 300)
    farm.fetch(job, result)
    assert frame_count(result / "preview.mp4") == LAST
    local.render(file, version, [LAST], str(result / "local_####"), PLAY)
    mine, theirs = pixels(result / f"frames/{LAST:04}.png"), pixels(result / f"local_{LAST:04}.png")
    first = pixels(result / "frames/0001.png")
    assert not np.array_equal(first, mine), "it moves"
    assert np.abs(mine.astype(int) - theirs.astype(int)).mean() < 1.0
    if scene != "rigidbody":
        caches = [each for each in farm.outputs(job) if each["kind"] == "cache"]
        assert caches, "the cache comes back"


def test_fluid_is_baked_by_a_real_blender(farm: WholeFarm, result: Path) -> None:
    settings = {"frames": "1-4", "render": True, "retries": 0}
    job = farm.submit(blend("fluid", "3.4"), "bake", settings=settings, blender="3.4")
    farm.wait(job, 300)
    farm.fetch(job, result)
    assert [each for each in farm.outputs(job) if each["kind"] == "cache" and each["path"].endswith((".vdb", ".uni"))]
    assert frame_count(result / "preview.mp4") == 4
