"""Small .blend files for tests, each built once by a real Blender and kept in a temporary folder of the session.

`blend("small_cycles", "3.4")` gives the path of a file; copy it before changing it. `BLENDERS` names the three Blenders
that this project is tested with, as workers name them.
"""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
_BUILDER = Path(__file__).resolve().parent / "scene_builders.py"
_WHEELS = Path(sys.prefix) / "blenders"
BLENDERS = {"3.4": "/usr/bin/blender", "4.5": f"bpy:{_WHEELS / '4.5'}", "5.0": f"bpy:{_WHEELS / '5.0'}"}


@cache
def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="flamenco-scenes-"))
    owner = os.getpid()
    atexit.register(lambda: shutil.rmtree(folder, ignore_errors=True) if os.getpid() == owner else None)
    return folder


@cache
def blend(name: str, version: str = "4.5") -> Path:
    """The file of the scene `name` (a function of `scene_builders`), saved by that Blender, in a folder of its own."""
    folder = _folder() / version / name
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{name}.blend"
    done = run_python(version, _BUILDER, name, str(target))
    assert target.is_file(), f"Blender {version} did not build {name}:\n{done}"
    return target


def copy(name: str, version: str, folder: Path) -> Path:
    """A copy of a scene's whole folder (its textures and sounds too) in `folder`; gives the .blend in it."""
    made = blend(name, version)
    shutil.copytree(made.parent, folder, dirs_exist_ok=True)
    return folder / made.name


def run_python(version: str, script: Path, *arguments: str, seconds: float = 240) -> str:
    """Run a Python file in a Blender, as `-- ARGUMENTS`; return what it printed."""
    executable = BLENDERS[version]
    if executable.startswith("bpy:"):
        folder = executable.removeprefix("bpy:")
        start = f"import sys, runpy; sys.path.insert(0, {folder!r}); import bpy; runpy.run_path({str(script)!r}, run_name='__main__')"
        command = [sys.executable, "-I", "-S", "-c", start, "--", *arguments]
    else:
        command = [
            executable,
            "-b",
            "--factory-startup",
            "--python-exit-code",
            "9",
            "--python",
            str(script),
            "--",
            *arguments,
        ]
    (_folder() / "tmp").mkdir(exist_ok=True)
    environment = {**os.environ, "TMPDIR": str(_folder() / "tmp")}  # Blender leaves its own temporary folder behind
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=seconds, check=False, env=environment
    )
    text = done.stdout.decode("utf-8", "replace")
    assert done.returncode == 0, f"Blender {version} ended with {done.returncode}:\n{text}"
    return text
