"""The button itself, in a window: clicked, canceled with Esc, clicked again; in the morning the frames are there.

With FLAMENCO_SCREENSHOTS naming a folder, the panel is kept there as pictures (`make addon-screenshots`).
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import local
import numpy as np
import pytest
from addon_blender import install
from display import Box, Color, Display, block, display
from pictures import frame_count, pixels, size_of
from PIL import Image
from processes import until
from scenes import copy
from slow_link import SlowLink
from whole_farm import WholeFarm

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(600)]

_LAYOUT = Path(__file__).resolve().parents[2] / "support" / "addon_scripts" / "output_panel.py"
_PICTURES = os.environ.get("FLAMENCO_SCREENSHOTS", "")
_WIDTH, _HEIGHT = 640, 1560
_HIGH = 30  # pixels: no other button is so high
_TEXTURE_PIXELS = 1600  # of noise, which no format makes small

# What the artist has done since the .blend was saved.
EDITS = """
scene.render.resolution_x, scene.render.resolution_y = 160, 90
scene.render.filepath = "//render/shot_"
scene.frame_start, scene.frame_end = 2, 5
cube = next(each for each in bpy.data.objects if each.type == "MESH")
cube.scale = (0.6, 0.6, 1.4)
"""
TEXTURE = """
material = bpy.data.materials.new("Noise")
material.use_nodes = True
material.node_tree.nodes.new("ShaderNodeTexImage").image = bpy.data.images.load("//noise.png")
cube.data.materials.append(material)
"""


@dataclass
class Window:
    """A Blender with a window on a screen of its own."""

    screen: Display
    process: subprocess.Popen[bytes]
    output: Path
    told: Path
    top: int = 0  # of the button, when it was seen last
    looks: list[bytes] = field(default_factory=list)

    def said(self, pattern: str, times: int = 1) -> bool:
        """Whether Blender printed that."""
        assert self.process.poll() is None, f"Blender ended: {self.output.read_text()[-3000:]}"
        return len(re.findall(pattern, self.output.read_text(errors="replace"))) >= times

    def button(self, seconds: float = 60) -> Box:
        """Where the large button is, once it is drawn at the same place twice."""
        red, green, blue = json.loads(self.told.read_text())["button"]

        def steady() -> Box | None:
            first, second = (self._find((red, green, blue)) for _ in range(2))
            return first if first == second else None

        box = until(steady, seconds, f"the button is drawn: {self.output.read_text()[-2000:]}", every=0.2)
        self.top = box[1]
        return box

    def _find(self, normal: Color) -> Box | None:
        box = block(self.screen.look(), normal, _HIGH)
        return box if box is not None and box[2] - box[0] > self.screen.width / 2 else None

    def settled(self) -> bool:
        """Whether nothing on the screen moved since this was asked three times."""
        self.looks = [*self.looks[-3:], self.screen.look().tobytes()]
        return len(self.looks) == 4 and len(set(self.looks)) == 1

    def press(self) -> None:
        """Click the large button where it is now; the pointer leaves it, so that it has its usual color again."""
        left, top, right, bottom = self.button()
        self.screen.click((left + right) // 2, (top + bottom) // 2)
        self.screen.move(left + 5, top - 40)

    def keep(self, name: str) -> None:
        """Keep the add-on's panel as a picture, if pictures are wished for."""
        if _PICTURES:
            picture = self.screen.look().crop((0, self.top - 70, self.screen.width, self.screen.height))
            Path(_PICTURES).mkdir(parents=True, exist_ok=True)
            picture.quantize(96, dither=Image.Dither.NONE).save(Path(_PICTURES, f"addon-{name}.png"), optimize=True)


@contextlib.contextmanager
def window(blend: Path, folder: Path, account: dict[str, str], edits: str) -> Iterator[Window]:
    """Blender 3.4 with the add-on and that file; it is gone at the end."""
    addon = install("3.4", folder / "blender")
    told, output, changes = folder / "told.json", folder / "output.txt", folder / "edits.py"
    changes.write_text(edits)
    with display(_WIDTH, _HEIGHT) as screen, output.open("wb") as printed:
        command = addon.command(_LAYOUT, str(told), str(changes), blend=blend, background=False)
        command[1:1] = ["--window-geometry", "0", "0", str(_WIDTH), str(_HEIGHT)]
        environment = addon.environment({**account, "DISPLAY": screen.name, "LIBGL_ALWAYS_SOFTWARE": "1"})
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=printed, stderr=subprocess.STDOUT
        )
        made = Window(screen, process, output, told)
        try:
            until(lambda: made.told.is_file() or not made.said(""), 180, "Blender's window stands", every=0.2)
            yield made
        except BaseException:
            screen.keep(folder / "failed.png")
            raise
        finally:
            process.terminate()
            process.wait(30)


@pytest.fixture
def link(farm: WholeFarm) -> Iterator[SlowLink]:
    """A slow way to the farm."""
    made = SlowLink(farm.port, rate=400_000)
    yield made
    made.close()


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    """The artist's folder; on pictures its name is a short one."""
    if not _PICTURES:
        yield tmp_path / "project"
        return
    folder = Path(tempfile.gettempdir(), "film")
    folder.mkdir()
    yield folder
    shutil.rmtree(folder)


def noise(file: Path) -> None:
    """A picture that takes some time on its way, and that no farm has already."""
    picture = np.random.default_rng().integers(0, 256, (_TEXTURE_PIXELS, _TEXTURE_PIXELS, 3), dtype=np.uint8)
    Image.fromarray(picture).save(file, compress_level=0)


def test_one_button_esc_the_button_again_and_the_frames_are_there(
    farm: WholeFarm, link: SlowLink, project: Path, tmp_path: Path
) -> None:
    blend = copy("workbench", "3.4", project).rename(project / "shot_010.blend")
    saved = blend.read_bytes()
    noise(blend.parent / "noise.png")
    render = blend.parent / "render"
    account = {
        "FLAMENCO_SERVER": link.address, "FLAMENCO_TOKEN": farm.token, "XDG_STATE_HOME": str(tmp_path / "state"),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
    }  # fmt: skip
    before = {job["id"] for job in farm.client.jobs()}
    with window(blend, tmp_path, account, EDITS + TEXTURE) as blender:
        blender.button()
        if _PICTURES:
            until(blender.settled, 90, "nothing moves any more", every=1.0)
        blender.keep("before")
        blender.press()
        until(lambda: link.sent > 1_000_000, 90, f"it is being sent: {blender.output.read_text()[-2000:]}")
        blender.keep("sending")
        blender.screen.key("Escape")
        until(lambda: blender.said(r"Flamenco: Canceled"), 60, "Esc cancels")
        assert {job["id"] for job in farm.client.jobs()} == before, "no job is left of what was canceled"
        assert not render.exists()
        link.rate = None
        blender.press()
        until(lambda: blender.said(r"Flamenco: job \d+ is submitted"), 90, "the job is submitted")
        (job,) = {job["id"] for job in farm.client.jobs()} - before
        farm.wait(job, 200)
        wanted = {*(f"shot_{number:04}.png" for number in range(2, 6)), "shot_preview.mp4"}
        until(lambda: render.is_dir() and {path.name for path in render.iterdir()} == wanted, 90, "the frames come")
        if _PICTURES:
            until(blender.settled, 90, "nothing moves any more", every=1.0)
            blender.button()
        blender.keep("after")
    assert {size_of(render / f"shot_{number:04}.png") for number in range(2, 6)} == {(160, 90)}
    assert frame_count(render / "shot_preview.mp4") == 4
    local.render(blend, "3.4", [4], str(tmp_path / "local_####.png"), EDITS)
    assert np.array_equal(pixels(render / "shot_0004.png"), pixels(tmp_path / "local_0004.png"))
    assert blend.read_bytes() == saved, "the artist's file is what it was"
