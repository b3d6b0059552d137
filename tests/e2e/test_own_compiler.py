"""A job type of one's own: a file dropped into a folder works at once; a broken one is listed with its error."""

from __future__ import annotations

from pathlib import Path

import pytest
from scenes import blend
from whole_farm import WholeFarm

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(300)]
TWICE = '''
"""Render one frame and copy it beside itself."""
from dataclasses import dataclass
from flamenco_common.authoring import JobBuilder, Scene, blender, files, setting

@dataclass(frozen=True)
class Settings:
    frame: int = setting(1, source=Scene.FRAME, help="The frame")

def compile_job(settings: Settings, job: JobBuilder) -> None:
    one = job.step("render", blender.render(frames=str(settings.frame), output="{output}/one/####"))
    job.step("copy", files.copy(one.outputs, target="{output}/two"), after=one)
'''


def test_a_dropped_in_job_type_works_and_a_broken_one_harms_nothing(farm: WholeFarm, result: Path) -> None:
    folder = farm.folder / "compilers"
    folder.mkdir(exist_ok=True)
    (folder / "twice.py").write_text(TWICE, encoding="utf-8")
    (folder / "broken.py").write_text("import nothing_of_that_name\n", encoding="utf-8")
    listed = {each["name"]: each for each in farm.client.job_types()}
    assert set(listed) >= {"render", "still", "bake", "video", "twice", "broken"}
    assert "nothing_of_that_name" in listed["broken"]["error"]
    assert "line 1" in listed["broken"]["error"]
    said = farm.cli("submit", str(blend("small_cycles", "4.5")), "--type", "broken", code=2)
    assert "broken.py" in said
    job = farm.submit(blend("small_cycles", "4.5"), "twice", blender="4.5")
    farm.wait(job, 120)
    farm.fetch(job, result)
    assert (result / "one/0001.png").read_bytes() == (result / "two/0001.png").read_bytes()
