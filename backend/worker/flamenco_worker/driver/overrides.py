"""Named render settings of a job, applied to a scene in each Blender's own terms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import bpy

from . import device, formats
from .changes import Changes
from .problems import Problem

EEVEE = ("BLENDER_EEVEE", "BLENDER_EEVEE_NEXT")


def apply(scene: Any, settings: dict[str, Any]) -> list[str]:
    """Apply `settings` but for `IMAGE`; return warnings. Raises `Problem` for what this Blender does not take."""
    for name in sorted(settings, key=lambda name: _ORDER.index(name) if name in _ORDER else len(_ORDER)):
        if name in IMAGE:
            continue
        setter = SETTERS.get(name)
        if setter is None:
            raise Problem(f"the render setting {name} is not known")
        try:
            setter(scene, settings[name])
        except (TypeError, ValueError) as error:
            raise Problem(f"the render setting {name} cannot be {settings[name]!r}: {error}") from error
    return device.prepare(scene, "device" in settings)


def apply_image(changes: Changes, scene: Any, settings: dict[str, Any]) -> None:
    """Apply what depends on the image format, which may be chosen late. Raises `Problem`."""
    image = scene.render.image_settings
    for name, convert in IMAGE.items():
        if name not in settings or (name == "quality" and image.file_format == "PNG"):
            continue  # the quality of a PNG is how hard it compresses, never how it looks
        try:
            changes.set(image, name, convert(settings[name]))
        except (TypeError, ValueError) as error:
            raise Problem(f"the render setting {name} cannot be {settings[name]!r}: {error}") from error


def engines() -> list[str]:
    """The engines that this Blender has."""
    found = [each.identifier for each in bpy.types.RenderSettings.bl_rna.properties["engine"].enum_items]
    found += [each.bl_idname for each in bpy.types.RenderEngine.__subclasses__() if hasattr(each, "bl_idname")]
    return sorted({*found, "BLENDER_WORKBENCH"})


def _engine(scene: Any, value: str) -> None:
    known = engines()
    if value in EEVEE:
        value = next(each for each in EEVEE if each in known)
    if value not in known:
        raise Problem(f"the render engine {value} is not in this Blender; it has {', '.join(known)}")
    scene.render.engine = value


def _samples(scene: Any, value: int) -> None:
    if scene.render.engine in EEVEE:
        scene.eevee.taa_render_samples = int(value)
    elif scene.render.engine == "CYCLES":
        scene.cycles.samples = int(value)


def _threads(scene: Any, value: int) -> None:
    scene.render.threads_mode = "FIXED" if value else "AUTO"
    if value:
        scene.render.threads = int(value)


def _fps(scene: Any, value: float) -> None:
    whole = max(1, round(float(value)))
    scene.render.fps = whole
    scene.render.fps_base = whole / float(value)


def _simplify_subdivision(scene: Any, value: int) -> None:
    scene.render.use_simplify = True
    scene.render.simplify_subdivision_render = int(value)


def _motion_blur(scene: Any, value: bool) -> None:
    scene.render.use_motion_blur = bool(value)
    if hasattr(scene.eevee, "use_motion_blur"):
        scene.eevee.use_motion_blur = bool(value)


def _render(attribute: str, kind: type) -> Callable[[Any, Any], None]:
    return lambda scene, value: setattr(scene.render, attribute, kind(value))


def _cycles(attribute: str, kind: type) -> Callable[[Any, Any], None]:
    return lambda scene, value: setattr(scene.cycles, attribute, kind(value)) if hasattr(scene, "cycles") else None


_ORDER = ("engine", "device", "simplify")  # an engine decides what its samples are
IMAGE: dict[str, Callable[[Any], Any]] = {"color_mode": str, "color_depth": str, "exr_codec": str, "quality": int}
SETTERS: dict[str, Callable[[Any, Any], None]] = {
    "engine": _engine,
    "samples": _samples,
    "resolution_x": _render("resolution_x", int),
    "resolution_y": _render("resolution_y", int),
    "resolution_percentage": _render("resolution_percentage", int),
    "device": device.choose,
    "denoise": _cycles("use_denoising", bool),
    "adaptive_sampling": _cycles("use_adaptive_sampling", bool),
    "format": formats.use,
    "film_transparent": _render("film_transparent", bool),
    "motion_blur": _motion_blur,
    "simplify": _render("use_simplify", bool),
    "simplify_subdivision": _simplify_subdivision,
    "persistent_data": _render("use_persistent_data", bool),
    "threads": _threads,
    "max_bounces": _cycles("max_bounces", int),
    "fps": _fps,
    "use_compositing": _render("use_compositing", bool),
}
