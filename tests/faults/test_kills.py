"""`kill -9` to each process of the farm in turn, and cut links: jobs complete, each frame once and whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from flamenco_client.errors import ClientError
from pictures import frame_count, size_of
from processes import until
from scenes import blend
from whole_farm import WholeFarm

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(600)]
FRAMES = 100


def test_a_job_survives_the_death_of_every_process(farm: WholeFarm, tmp_path: Path) -> None:
    job = farm.submit(blend("small_cycles", "4.5"), settings={"frames": f"1-{FRAMES}"})
    kills: list[Callable[[], None]] = [
        lambda: blender_of(farm).kill(),
        lambda: again(farm, "worker"),
        lambda: again(farm, "manager"),
        lambda: again(farm, "server"),
    ]
    for kill in kills:
        more_frames(farm, job, 12)
        kill()
    farm.wait(job, 240)
    check_whole(farm, job, tmp_path / "result")


def test_work_goes_on_while_the_server_is_away(farm: WholeFarm, tmp_path: Path) -> None:
    """One task of many frames: the worker has all it needs, and tells the rest when the server is back."""
    job = farm.submit(blend("small_cycles", "4.5"), settings={"frames": f"1-{FRAMES}", "chunk_size": FRAMES})
    more_frames(farm, job, 5, outputs=True)
    farm.parts["server"].kill()
    rendered = farm.folder / "worker" / "work" / "jobs" / str(job) / "output" / "frames"
    until(lambda: len(list(rendered.glob("*.png"))) == FRAMES, 240, "the worker renders on without the server")
    farm.parts["server"].start()
    farm.until_up("server")
    farm.wait(job, 120)
    check_whole(farm, job, tmp_path / "result")
    told = [each["frame"] for each in sorted(farm.outputs(job, kind="frame"), key=lambda each: each["id"])]
    assert told == list(range(1, FRAMES + 1)), "frames were recorded in the order in which they were rendered"
    assert len([run for run in farm.client.runs(job)]) == 2, "neither the render nor the preview was begun twice"


def again(farm: WholeFarm, name: str) -> None:
    """Kill a process and start it again."""
    part = farm.parts[name]
    part.kill()
    if name == "worker":
        until(lambda: not farm_blenders(farm), 10, "Blender ends when its worker is killed")
    part.start()
    if name != "worker":
        farm.until_up(name)


def more_frames(farm: WholeFarm, job: int, more: int, *, outputs: bool = False) -> None:
    """Wait until so many more tasks are completed, or frames recorded."""

    def count() -> int:
        try:
            return len(farm.outputs(job)) if outputs else int(farm.client.job(job)["counts"]["completed"])
        except ClientError:
            return 0

    before = until(lambda: count() + 1, 30, "the server tells of the job") - 1
    until(lambda: count() >= before + more, 120, f"{more} more frames: {farm.story(job)}")


def farm_blenders(farm: WholeFarm) -> list[psutil.Process]:
    """Processes of the farm that are none of its parts: what workers started."""
    parts = {part.process.pid for part in farm.parts.values() if part.process is not None}
    return [each for each in farm.processes() if each.pid not in parts]


def blender_of(farm: WholeFarm) -> psutil.Process:
    """The Blender that the worker keeps open."""
    return until(lambda: farm_blenders(farm), 60, "the worker has a Blender")[0]


def check_whole(farm: WholeFarm, job: int, folder: Path) -> None:
    """Each frame is recorded once, and on disk and whole; no task is stuck; the preview has every frame."""
    counts = Counter(each["frame"] for each in farm.outputs(job, kind="frame"))
    assert counts == Counter(range(1, FRAMES + 1))
    assert all(task["status"] == "completed" for task in farm.client.tasks(job))
    assert not [run for run in farm.client.runs(job) if run["status"] == "processing"]
    farm.fetch(job, folder)
    pictures = sorted(folder.glob("frames/*.png"))
    assert len(pictures) == FRAMES
    assert {size_of(path) for path in pictures} == {(32, 24)}
    assert frame_count(folder / "preview.mp4") == FRAMES
