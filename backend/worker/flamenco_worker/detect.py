"""What this machine is and has: platform, cores, memory, graphics cards, Blenders, ffmpeg."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import platform
import re
import shutil
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import psutil
from flamenco_common.abilities import Abilities, BlenderFound, Gpu

from flamenco_worker.config import WorkerConfig
from flamenco_worker.errors import BadConfig
from flamenco_worker.execute.process import ask

EMBEDDED = "bpy:"  # prefix of a Blender that is a wheel: the folder in which it is installed follows
_BLENDER_VERSION = re.compile(r"^Blender (\d+\.\d+(?:\.\d+)?)", re.MULTILINE)
_FFMPEG_VERSION = re.compile(r"ffmpeg version (\S+)")
_INSTALL_FOLDERS = {
    "linux": ("/opt/blender*/blender", "/usr/local/blender*/blender"),
    "windows": ("C:/Program Files/Blender Foundation/Blender*/blender.exe",),
    "darwin": ("/Applications/Blender*.app/Contents/MacOS/Blender",),
}


def abilities(config: WorkerConfig) -> Abilities:
    """Look around on this machine. Raises `BadConfig` if a configured Blender is none."""
    here = platform_name()
    ffmpeg = _ffmpeg(config)
    found = _FFMPEG_VERSION.search(ask([ffmpeg, "-version"])) if ffmpeg else None
    return Abilities(
        platform=here,
        cores=os.cpu_count() or 1,
        memory_mb=psutil.virtual_memory().total // 1_000_000,
        gpus=_gpus(),
        blenders=_blenders(config, here),
        ffmpeg=ffmpeg if found else "",
        ffmpeg_version=found[1] if found else "",
        work_dir=str(config.work().resolve()),
        kinds=config.kinds,
        hostname=platform.node(),
        version=_own_version(),
    )


def platform_name() -> str:
    """linux, windows or darwin."""
    return {"win32": "windows"}.get(sys.platform, sys.platform)


def _own_version() -> str:
    try:
        return metadata.version("flamenco")
    except metadata.PackageNotFoundError:
        return ""


def _blenders(config: WorkerConfig, here: str) -> list[BlenderFound]:
    found: dict[str, BlenderFound] = {}
    for executable in config.blenders:
        blender = _asked(executable)
        if blender is None:
            raise BadConfig(f"{executable} is configured as a Blender, but it does not tell a Blender version")
        found[executable] = blender
    if config.find_blenders:
        for executable in _candidates(here):
            if executable not in found and (blender := _asked(executable)):
                found[executable] = blender
    return list(found.values())


def _candidates(here: str) -> Iterator[str]:
    on_path = shutil.which("blender")
    if on_path:
        yield on_path
    for pattern in _INSTALL_FOLDERS.get(here, ()):
        anchor = Path(pattern).anchor
        yield from sorted(str(path) for path in Path(anchor).glob(pattern[len(anchor) :]))
    spec = importlib.util.find_spec("bpy")
    if spec is not None and spec.origin:
        yield EMBEDDED + str(Path(spec.origin).parent.parent)


def _asked(executable: str) -> BlenderFound | None:
    if executable.startswith(EMBEDDED):
        folder = Path(executable.removeprefix(EMBEDDED)).resolve()
        for info in metadata.distributions(path=[str(folder)]):
            if info.metadata["Name"] == "bpy":
                return BlenderFound(info.version, EMBEDDED + str(folder))
        return None
    match = _BLENDER_VERSION.search(ask([executable, "--version"]))
    return BlenderFound(match[1], executable) if match else None


def _ffmpeg(config: WorkerConfig) -> str:
    if config.ffmpeg:
        return config.ffmpeg
    on_path = shutil.which("ffmpeg")
    if on_path:
        return on_path
    with contextlib.suppress(ImportError, RuntimeError):
        import imageio_ffmpeg

        return str(imageio_ffmpeg.get_ffmpeg_exe())
    return ""


def _gpus() -> list[Gpu]:
    """NVIDIA cards; Blender itself knows the others only once it is asked, and it is asked when it renders."""
    if not shutil.which("nvidia-smi"):
        return []
    lines = ask(["nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader,nounits"]).splitlines()
    rows = [line.split(",") for line in lines if line.count(",") == 1]
    return [Gpu(name.strip(), "CUDA", int(memory)) for name, memory in rows if memory.strip().isdigit()]
