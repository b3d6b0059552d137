"""Simulations baked by one worker and rendered by another: the picture moves as it does in a local bake."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import local
import numpy as np
import pytest
from pictures import frame_count, pixels
from processes import until
from scenes import blend, copy
from whole_farm import WholeFarm

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(600)]
LAST = 6
# A local render steps through every frame, so that simulations run as they would when played.
PLAY = "for number in range(1, 7):\n    scene.frame_set(number)\n"


@contextmanager
def asleep(farm: WholeFarm, name: str) -> Iterator[None]:
    """Let a worker sleep once its current task is done, until the end of the block."""
    worker = farm.worker(name)["id"]
    farm.client.order_worker(worker, state="sleep", when="after")
    try:
        yield
    finally:
        farm.client.order_worker(worker, state="run")
        until(lambda: farm.worker(name)["state"] == "awake", 60, f"{name} is awake again")


def baked_and_rendered(farm: WholeFarm, file: Path, version: str, last: int) -> int:
    """A job that `left` baked and `right` rendered."""
    settings = {"frames": f"1-{last}", "render": True, "retries": 0}
    with asleep(farm, "right"):
        until(lambda: farm.worker("right")["state"] == "asleep", 60, "right sleeps")
        job = farm.submit(file, "bake", settings=settings, blender=version)
        until(lambda: any(run["status"] == "processing" for run in farm.client.runs(job)), 60, "left bakes")
        farm.client.order_worker(farm.worker("left")["id"], state="sleep", when="after")
        until(lambda: farm.worker("left")["state"] == "asleep", 180, f"left baked: {farm.story(job)}")
    with asleep(farm, "left"):
        farm.wait(job, 300)
    names = {farm.worker(name)["id"]: name for name in ("left", "right")}
    workers = {(run["step"].split()[0], names[run["worker"]]) for run in farm.client.runs(job)}
    assert workers == {("bake", "left"), ("render", "right"), ("preview", "right")}
    return job


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
    job = baked_and_rendered(farm, file, version, LAST)
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


def test_fluid_is_baked_by_a_real_blender(farm: WholeFarm, result: Path, tmp_path: Path) -> None:
    job = baked_and_rendered(farm, blend("fluid", "3.4"), "3.4", 4)
    farm.fetch(job, result)
    assert [each for each in farm.outputs(job) if each["kind"] == "cache" and each["path"].endswith((".vdb", ".uni"))]
    assert frame_count(result / "preview.mp4") == 4
    bake = "bpy.context.view_layer.objects.active = scene.objects['Domain']\nbpy.ops.fluid.bake_all()\n"
    local.render(copy("fluid", "3.4", tmp_path / "here"), "3.4", [4], str(tmp_path / "local_####"), bake)
    first, mine, theirs = (
        pixels(path).astype(int)
        for path in (result / "frames/0001.png", result / "frames/0004.png", tmp_path / "local_0004.png")
    )
    assert np.abs(mine - first).max() > 10, "the smoke spreads"
    assert np.array_equal(mine, theirs)
