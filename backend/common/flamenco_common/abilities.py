"""What a worker can do, what a step requires, and whether the two match."""

from __future__ import annotations

import msgspec


class BlenderFound(msgspec.Struct, frozen=True):
    """A Blender on a worker: `version` like `4.5.15`, `executable` a path, or `bpy` for an embedded wheel."""

    version: str
    executable: str


class Gpu(msgspec.Struct, frozen=True):
    """A graphics card that Blender can render on; `backend` is CUDA, OPTIX, HIP, METAL or ONEAPI."""

    name: str
    backend: str
    memory_mb: int = 0


class Abilities(msgspec.Struct, frozen=True, omit_defaults=True):
    """A worker's machine, as it found itself when it started."""

    platform: str  # linux, windows, darwin
    cores: int
    memory_mb: int
    gpus: list[Gpu] = []
    blenders: list[BlenderFound] = []
    ffmpeg: str = ""  # path; empty if there is none
    ffmpeg_version: str = ""
    work_dir: str = ""  # where the worker keeps job trees and outputs
    kinds: list[str] = []  # task kinds it takes, see Requirements.kinds; empty: all
    hostname: str = ""
    version: str = ""  # of the worker software


class Requirements(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a step needs of a worker."""

    kinds: list[str] = []  # any of: blender, ffmpeg, image, files, exec
    blender: str = ""  # wanted version: "4.5" means 4.5.x, ">=4.2" that or newer
    memory_mb: int = 0
    gpu: bool = False
    tags: list[str] = []  # all of these must be on the worker
    platform: str = ""


def version_key(version: str) -> tuple[int, ...]:
    """`4.5.15` as a tuple that compares."""
    numbers = []
    for part in version.split("."):
        digits = "".join(char for char in part if char.isdigit())
        if not digits:
            break
        numbers.append(int(digits))
    return tuple(numbers)


def choose_blender(wanted: str, found: list[BlenderFound]) -> BlenderFound | None:
    """Return the Blender to use: of those that fit `wanted` the oldest series, newest fix release.

    `wanted` is empty (any: the newest), `X.Y` (that series), `X.Y.Z` (exactly) or `>=X.Y`.
    """
    fitting = [blender for blender in found if blender_fits(wanted, blender.version)]
    if not fitting:
        return None
    if not wanted:
        return max(fitting, key=lambda blender: version_key(blender.version))
    series = min(version_key(blender.version)[:2] for blender in fitting)
    return max(
        (blender for blender in fitting if version_key(blender.version)[:2] == series),
        key=lambda blender: version_key(blender.version),
    )


def blender_fits(wanted: str, version: str) -> bool:
    """Whether a Blender of `version` fits `wanted`."""
    if not wanted:
        return True
    if wanted.startswith(">="):
        key = version_key(wanted[2:])
        return version_key(version)[: max(len(key), 2)] >= key
    key = version_key(wanted)
    return version_key(version)[: len(key)] == key


def mismatch(needs: Requirements, has: Abilities, tags: list[str]) -> str | None:
    """Return why a worker cannot take a step, as one phrase, or None if it can."""
    if has.kinds and needs.kinds and not set(needs.kinds) <= set(has.kinds):
        return f"takes no {' or '.join(sorted(set(needs.kinds) - set(has.kinds)))} tasks"
    if "blender" in needs.kinds and choose_blender(needs.blender, has.blenders) is None:
        return f"has no Blender {needs.blender}".rstrip()
    if "ffmpeg" in needs.kinds and not has.ffmpeg:
        return "has no ffmpeg"
    if needs.memory_mb > has.memory_mb:
        return f"has {has.memory_mb} MB of memory, {needs.memory_mb} MB are needed"
    if needs.gpu and not has.gpus:
        return "has no GPU"
    if needs.platform and needs.platform != has.platform:
        return f"runs {has.platform}, {needs.platform} is needed"
    missing = [tag for tag in needs.tags if tag not in tags]
    if missing:
        return f"lacks the tag {missing[0]}"
    return None
