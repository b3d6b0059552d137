"""Every still format that Blender writes passes whole, and is found out when it is cut off."""

from __future__ import annotations

import io
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
from flamenco_worker.checks.files import check
from flamenco_worker.errors import BadOutput
from PIL import Image
from scenes import run_python

pytestmark = pytest.mark.real
WRITE = """
import bpy, sys
bpy.ops.wm.read_factory_settings()
scene = bpy.context.scene
scene.render.engine = "BLENDER_WORKBENCH"
scene.render.resolution_x, scene.render.resolution_y, scene.render.resolution_percentage = 80, 46, 100
scene.view_settings.view_transform = "Standard"
bpy.ops.render.render()
settings, result = scene.render.image_settings, bpy.data.images["Render Result"]

def put(name, value):
    try:
        setattr(settings, name, value)
    except (TypeError, AttributeError):
        return False
    return True

for media, form in [(None, each) for each in FORMATS] + [("MULTI_LAYER_IMAGE", "OPEN_EXR_MULTILAYER")]:
    put("media_type", media or "IMAGE")
    if not put("file_format", form):
        continue
    for depth in ("8", "10", "12", "16", "32"):
        for mode in ("RGB", "RGBA"):
            if put("color_depth", depth) and put("color_mode", mode):
                result.save_render(f"{sys.argv[-1]}/{form}_{depth}_{mode}{scene.render.file_extension}", scene=scene)
"""
FORMATS = [
    "PNG", "JPEG", "TIFF", "WEBP", "BMP", "TARGA", "TARGA_RAW", "IRIS", "JPEG2000", "HDR", "DPX", "CINEON", "OPEN_EXR",
    "OPEN_EXR_MULTILAYER",
]  # fmt: skip


@pytest.mark.parametrize("version", ["3.4", "5.0"])
def test_all_formats(tmp_path: Path, version: str) -> None:
    script = tmp_path / "write.py"
    script.write_text(WRITE.replace("FORMATS", repr(FORMATS)))
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    run_python(version, script, str(pictures))
    written = sorted(pictures.iterdir())
    assert {file.name.rsplit("_", 2)[0] for file in written} == set(FORMATS)
    ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()
    brightness: dict[str, float] = {}
    for file in written:
        checked = check(file, "frame", 80, 46, ffmpeg=ffmpeg, with_thumbnail=True)
        if checked.thumbnail or file.suffix != ".cin":
            brightness[file.name] = _brightness(checked.thumbnail)
        _check_cut(file)
    usual = brightness["PNG_8_RGB.png"]
    assert 20 < usual < 200
    brightness.pop("DPX_8_RGBA.dpx")  # 3.4 stores its bytes in another order than its header says
    off = {name: mean - usual for name, mean in brightness.items() if abs(mean - usual) > 5}
    assert not off, off


def _brightness(thumbnail: bytes | None) -> float:
    """The mean of a thumbnail, which is the same for all formats if they are read right."""
    assert thumbnail is not None
    return float(np.asarray(Image.open(io.BytesIO(thumbnail))).mean())


def _check_cut(file: Path) -> None:
    data = file.read_bytes()
    for part in (0.3, 0.9):
        file.write_bytes(data[: int(len(data) * part)])
        with pytest.raises(BadOutput):
            check(file, "frame")
