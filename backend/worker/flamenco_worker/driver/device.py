"""Graphics cards for Cycles: they are a preference of the user, which a factory-fresh Blender does not have."""

from __future__ import annotations

from typing import Any

import bpy

from .problems import Problem

BACKENDS = ("OPTIX", "CUDA", "HIP", "METAL", "ONEAPI")  # the fastest first


def choose(scene: Any, wanted: str) -> None:
    """Note the job's wish in the scene. Raises `Problem`."""
    if wanted not in ("CPU", "GPU"):
        raise Problem(f"the render setting device cannot be {wanted!r}: it is CPU or GPU")
    if hasattr(scene, "cycles"):
        scene.cycles.device = wanted


def prepare(scene: Any, insisted: bool) -> list[str]:
    """Switch on the graphics cards that the scene asks for; without any it falls back to the CPU.

    Raises `Problem` if there is none and the job insisted.
    """
    if scene.render.engine != "CYCLES":
        return []
    if scene.cycles.device != "GPU" or _enable():
        return []
    if insisted:
        raise Problem("the job wants to render on a graphics card, and Cycles finds none on this machine")
    scene.cycles.device = "CPU"
    return ["the scene asks for a graphics card, and Cycles finds none on this machine: it renders on the CPU"]


def _enable() -> bool:
    """Switch on all cards of the first backend that has any."""
    preferences = bpy.context.preferences.addons["cycles"].preferences
    for backend in BACKENDS:
        try:
            preferences.compute_device_type = backend
        except TypeError:  # not in this build
            continue
        cards = _cards(preferences, backend)
        for card in cards:
            card.use = True
        if cards:
            print(f"rendering on {', '.join(card.name for card in cards)} by {backend}")  # noqa: T201
            return True
    preferences.compute_device_type = "NONE"
    return False


def _cards(preferences: Any, backend: str) -> list[Any]:
    getattr(preferences, "refresh_devices", preferences.get_devices)()
    return [each for each in preferences.devices if each.type == backend]
