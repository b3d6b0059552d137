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

# Whether frames are named as Blender names them, for output paths of all kinds.
NAMES = """
import importlib, itertools, os, sys
from pathlib import Path
import bpy
addon = sys.argv[-1]
core = importlib.import_module(addon + ".core.destination")
destinations = importlib.import_module(addon + ".scene.destinations")
scene, render = bpy.context.scene, bpy.context.scene.render
paths = ["//render/shot_", "//render/shot_###_v1", "/tmp/", "/tmp/a.jpg", "/tmp/###/b##c", "//../up/x####", "/tmp/ü ä/"]
if bpy.app.version >= (4, 5):
    paths.append("//{blend_name}/{blend_name}_")
formats = {"PNG": ".png", "JPEG": ".jpg", "OPEN_EXR": ".exr", "TIFF": ".tif"}
for path, format_, own, frame in itertools.product(paths, formats, (True, False), (0, 7, -3, 123456)):
    render.filepath, render.use_file_extension = path, own
    render.image_settings.file_format = format_
    number = f"{'-' if frame < 0 else ''}{abs(frame):04}"
    output = core.Output(1, f"frames/{number}{formats[format_]}", "", 0, "frame", frame)
    found = core.place(output, destinations.destination_of(scene))
    wanted = Path(bpy.path.native_pathsep(render.frame_path(frame=frame)))
    assert found == wanted, (path, format_, own, frame, found, wanted)
print("NAMES", len(paths))
render.use_file_extension = True
render.image_settings.file_format = "PNG"
render.use_multiview, render.image_settings.views_format = True, "INDIVIDUAL"
render.filepath = "//render/shot_"
output = core.Output(1, "frames/0007_L.png", "", 0, "frame", 7)
assert core.place(output, destinations.destination_of(scene)) == Path(render.frame_path(frame=7, view="left"))
render.use_multiview = False
if bpy.app.version >= (5, 0):
    render.image_settings.media_type = "VIDEO"
render.image_settings.file_format = "FFMPEG"
render.ffmpeg.format = "MPEG4"
where = destinations.destination_of(scene)
assert core.place(core.Output(1, "preview.mp4", "", 0, "video"), where) == Path(render.frame_path(frame=1))
name = core.place(core.Output(1, "frames/0007.png", "", 0, "frame", 7), where)
assert name == Path(bpy.path.abspath("//render/shot_0007.png")), name
if bpy.app.version >= (5, 0):
    render.image_settings.media_type = "IMAGE"
image = render.image_settings
image.file_format, image.color_mode, image.color_depth = "PNG", "RGBA", "8"
"""

SUBMIT = """
render.filepath = "//render/shot_###_v1"
bpy.ops.flamenco.submit_job(settings='{"frames": "2-4"}')
job = bpy.context.window_manager.flamenco_last_job
render.filepath = "//elsewhere/"  # what was true when it was sent counts
bpy.ops.flamenco.job_fetch(job=job, wait=True)
bpy.ops.flamenco.job_fetch(job=job)
frame = Path(bpy.path.abspath("//render/shot_003_v1.png"))
brought = frame.read_bytes()
frame.write_bytes(b"the artist's own")
try:
    bpy.ops.flamenco.job_fetch(job=job)
except RuntimeError as error:
    print("REFUSED", error)
assert frame.read_bytes() == b"the artist's own"
bpy.ops.flamenco.job_fetch(job=job, policy="overwrite")
assert frame.read_bytes() == brought
bpy.ops.flamenco.job_show(job=job)
image = bpy.data.images["shot_002_v1.png"]
assert image.source == "SEQUENCE"
bpy.ops.flamenco.job_show(job=job, where="SEQUENCER")
results = bpy.data.scenes["Flamenco Results"]
editor = results.sequence_editor
strip = (editor.strips if hasattr(editor, "strips") else editor.sequences)[0]
assert [element.filename for element in strip.elements] == [f"shot_00{n}_v1.png" for n in (2, 3, 4)]
assert (results.frame_start, results.frame_end, strip.frame_final_duration) == (2, 4, 3)
bpy.ops.flamenco.job_requeue(job=job, what="FRAMES", frames="4")
bpy.ops.flamenco.job_pause(job=job)
bpy.ops.flamenco.job_resume(job=job)
bpy.ops.flamenco.job_cancel(job=job)
try:
    bpy.ops.flamenco.job_pause(job=999999)
except RuntimeError as error:
    print("NO JOB", error)
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
    said = addon.run(NAMES + SUBMIT, addon.module, blend=blend, env=account, seconds=400)
    folder = blend.parent / "render"
    frames = [folder / f"shot_00{number}_v1.png" for number in (2, 3, 4)]
    assert sorted(folder.iterdir()) == sorted([*frames, folder / "shot_preview.mp4"])
    assert not (blend.parent / "elsewhere").exists()
    assert frame_count(folder / "shot_preview.mp4") == 3
    assert "NAMES" in said
    assert f"4 files brought to {folder}" in said
    assert f"all is there already: 4 files in {folder}" in said
    assert f"3 files in {folder}; 1 other file of these names is there; say policy='overwrite'" in said
    assert "NO JOB Error: there is no job 999999" in said
    local.render(blend, renders, [3], str(tmp_path / "local_####.png"))
    assert np.array_equal(pixels(frames[1]), pixels(tmp_path / "local_0003.png"))
