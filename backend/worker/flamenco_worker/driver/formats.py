"""Image formats: Blender 5.0 wants to know the kind of medium before the format."""

from __future__ import annotations

from typing import Any

from .changes import Changes
from .problems import Problem

MOVIES = ("FFMPEG", "AVI_JPEG", "AVI_RAW", "FRAMESERVER")
MULTILAYER = "OPEN_EXR_MULTILAYER"


def use(scene: Any, name: str) -> None:
    """Make `name` the scene's format."""
    change(Changes(), scene, name)


def change(changes: Changes, scene: Any, name: str) -> None:
    """Make `name` the scene's format for a while. Raises `Problem` for a movie or an unknown format."""
    if name in MOVIES:
        raise Problem(f"the format {name} is a movie: frames need an image format, a movie is encoded from them")
    image = scene.render.image_settings
    medium = "MULTI_LAYER_IMAGE" if name == MULTILAYER else "IMAGE"
    # Blender changes these along with the format; they are put back in the other order: medium, format, mode, depth.
    for also in ("color_depth", "color_mode", "file_format"):
        changes.note(image, also)
    changes.set(image, "media_type", medium)
    try:
        image.file_format = name
    except TypeError as error:
        raise Problem(f"the image format {name} is not in this Blender") from error


def exact(changes: Changes, scene: Any) -> None:
    """Lose nothing of an EXR: its parts are put together later, by a reader that wants all layers in one part."""
    image = scene.render.image_settings
    if image.file_format.startswith("OPEN_EXR"):
        changes.set(image, "color_depth", "32")
        changes.set(image, "exr_codec", "ZIP")
        changes.set(image, "use_exr_interleave", True)


def is_movie(scene: Any) -> bool:
    """Whether the scene would write a movie."""
    return bool(scene.render.is_movie_format)
