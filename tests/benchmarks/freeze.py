"""`make bench-freeze`: how long Blender's window stands still while a job is packed and sent; medians of the runs.

    python tests/benchmarks/freeze.py [--runs N]

Blender 3.4 in a real window on a screen without a monitor, with the add-on installed; its event loop ticks every 2 ms, and
the longest time between two ticks counts: while nothing is done, and from the return of the button until the job is
submitted. The time in which the button itself takes the state of what is open stands beside it: a scene with unsaved changes is
saved as a copy then, which only the main thread can do.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
sys.path.insert(0, str(Path(__file__).parent))

from addon_blender import Addon, install
from display import Display
from figures import HEAD, Figure, spread
from scenes import run_python
from whole_farm import WholeFarm

VERSION = "3.4"
SCRIPT = Path(__file__).parents[1] / "support" / "addon_scripts" / "freezes.py"
VERTICES, TEXTURES = 12_500_000, 10_000
BUILD = """
import bpy, sys
import numpy as np
from pathlib import Path
folder = Path(sys.argv[-1])
rng = np.random.default_rng(1)
scene = bpy.context.scene
mesh = bpy.data.meshes.new("Heavy")
mesh.vertices.add({vertices})
mesh.vertices.foreach_set("co", rng.random({vertices} * 3, dtype=np.float32))
heavy = bpy.data.objects.new("Heavy", mesh)
heavy.hide_viewport = True
scene.collection.objects.link(heavy)
bpy.ops.wm.save_as_mainfile(filepath=str(folder / "mesh.blend"))
bpy.data.objects.remove(heavy)
bpy.data.meshes.remove(mesh)
(folder / "textures").mkdir()
image = bpy.data.images.new("seed", 16, 16)
image.filepath_raw, image.file_format = str(folder / "seed.png"), "PNG"
image.save()
data = (folder / "seed.png").read_bytes()
for number in range({textures}):
    path = folder / "textures" / f"{{number:05}}.png"
    path.write_bytes(data + rng.bytes(4900))  # what follows a picture's end is no part of it
    loaded = bpy.data.images.load(str(path))
    loaded.use_fake_user, loaded.filepath = True, f"//textures/{{number:05}}.png"
bpy.ops.wm.save_as_mainfile(filepath=str(folder / "textures.blend"))
"""


def measured(addon: Addon, display: Display, blend: Path, *, changed: bool) -> dict[str, Any]:
    """What one run told; its farm has none of the files yet."""
    with tempfile.TemporaryDirectory(prefix="flamenco-bench-farm-") as folder:
        farm = WholeFarm(Path(folder))
        try:
            return sent_to(farm.start(), addon, display, blend, changed=changed)
        finally:
            farm.close()


def sent_to(farm: WholeFarm, addon: Addon, display: Display, blend: Path, *, changed: bool) -> dict[str, Any]:
    """What Blender told of sending to that farm."""
    out = addon.folder / "tmp" / "freezes.json"
    out.unlink(missing_ok=True)
    command = addon.command(SCRIPT, str(out), "1" if changed else "0", blend=blend, background=False)
    command[1:1] = ["--window-geometry", "0", "0", "480", "640"]
    environment = addon.environment(
        {"FLAMENCO_SERVER": farm.address, "FLAMENCO_TOKEN": farm.token, "DISPLAY": display.name}
    )
    subprocess.run(
        command, env=environment, check=True, timeout=600, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    told: dict[str, Any] = json.loads(out.read_text())
    assert not told["problem"], told["problem"]
    return told


def figures(folder: Path, display: Display, runs: int) -> Iterator[Figure]:
    """The figures, each when it is measured."""
    addon = install(VERSION, folder / "blender")
    (folder / "scenes").mkdir()
    builder = folder / "build.py"
    builder.write_text(BUILD.format(vertices=VERTICES, textures=TEXTURES))
    run_python(VERSION, builder, str(folder / "scenes"))
    for name, blend, changed in (
        ("200 MB, saved", "mesh.blend", False),
        ("200 MB, changed", "mesh.blend", True),
        ("10,000 textures", "textures.blend", False),
    ):
        told = [measured(addon, display, folder / "scenes" / blend, changed=changed) for _ in range(runs)]
        yield spread(f"{name}: longest stop while idle", [1000 * each["idle"] for each in told], "ms")
        yield spread(f"{name}: while sending", [1000 * each["sending"] for each in told], "ms", at_most=50)
        yield spread(f"{name}: taking its state", [1000 * each["copy"] for each in told], "ms")
        yield spread(f"{name}: sent", [each["seconds"] for each in told], "s")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory(prefix="flamenco-bench-") as name:
        display = Display()
        try:
            print(HEAD, flush=True)
            for figure in figures(Path(name), display, runs):
                print(figure.row(), flush=True)
        finally:
            display.close()


if __name__ == "__main__":
    main()
