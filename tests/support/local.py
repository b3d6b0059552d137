"""Rendering on this machine without the farm, to compare with what the farm makes."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path

from scenes import run_python

_SCRIPT = """
import bpy, sys
blend, frames, output = sys.argv[-3:]
bpy.ops.wm.open_mainfile(filepath=blend)
scene = bpy.context.scene
{setup}
for frame in [int(each) for each in frames.split(",")]:
    scene.frame_set(frame)
    scene.render.filepath = output.replace("####", "%04d" % frame)
    bpy.ops.render.render(write_still=True)
"""


def render(blend: Path, version: str, frames: Iterable[int], output: str, setup: str = "") -> None:
    """Render frames to `output` (#### stands for the frame) after the Python lines `setup`, which see `scene`."""
    with tempfile.TemporaryDirectory(prefix="flamenco-local-") as folder:
        script = Path(folder) / "render.py"
        script.write_text(_SCRIPT.format(setup=setup), encoding="utf-8")
        run_python(version, script, str(blend), ",".join(str(each) for each in frames), output)
