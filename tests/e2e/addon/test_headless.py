"""As a user does it, without a window: install, enable, submit, fetch; the frames lie where the scene's own would."""

from __future__ import annotations

from pathlib import Path

import local
import numpy as np
import pytest
from addon_blender import install
from pictures import frame_count, pixels
from scenes import copy
from whole_farm import WholeFarm

pytestmark = [pytest.mark.real, pytest.mark.timeout(600)]

SUBMIT = """
import bpy
scene = bpy.context.scene
scene.render.filepath = "//render/shot_###_v1"
bpy.ops.flamenco.submit_job(settings='{"frames": "2-4"}')
job = bpy.context.window_manager.flamenco_last_job
scene.render.filepath = "//elsewhere/"  # what was true when it was sent counts
bpy.ops.flamenco.job_fetch(job=job, wait=True)
print("SECOND", bpy.ops.flamenco.job_fetch(job=job))
"""


@pytest.mark.parametrize(("version", "renders"), [("3.4", "3.4"), ("4.2", "4.5"), ("4.5", "4.5"), ("5.0", "5.0")])
def test_frames_come_back_to_the_scenes_own_output_folder(
    farm: WholeFarm, tmp_path: Path, version: str, renders: str
) -> None:
    """The farm has no 4.2; its file is rendered by the next newer one."""
    blend = copy("workbench", "3.4" if version == "4.2" else version, tmp_path / "project with spaces")
    addon = install(version, tmp_path / "blender")
    account = {
        "FLAMENCO_SERVER": farm.address, "FLAMENCO_TOKEN": farm.token, "XDG_STATE_HOME": str(tmp_path / "state"),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
    }  # fmt: skip
    said = addon.run(SUBMIT, blend=blend, env=account, seconds=400)
    folder = blend.parent / "render"
    frames = [folder / f"shot_00{number}_v1.png" for number in (2, 3, 4)]
    assert sorted(folder.iterdir()) == sorted([*frames, folder / "shot_preview.mp4"])
    assert not (blend.parent / "elsewhere").exists()
    assert frame_count(folder / "shot_preview.mp4") == 3
    assert f"4 files brought to {folder}" in said
    assert f"all is there already: 4 files in {folder}" in said
    local.render(blend, renders, [3], str(tmp_path / "local_####.png"))
    assert np.array_equal(pixels(frames[1]), pixels(tmp_path / "local_0003.png"))
