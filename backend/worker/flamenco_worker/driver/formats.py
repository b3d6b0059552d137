"""Image formats: Blender 5.0 wants to know the kind of medium before the format."""

from __future__ import annotations

from typing import Any

from .changes import Changes
from .problems import Problem

MOVIES = ("FFMPEG", "AVI_JPEG", "AVI_RAW", "FRAMESERVER")
_MULTILAYER = "OPEN_EXR_MULTILAYER"


def use(scene: Any, name: str) -> None:
    """Make `name` the scene's format."""
    change(Changes(), scene, name)


def change(changes: Changes, scene: Any, name: str) -> None:
    """Make `name` the scene's format for a while. Raises `Problem` for a movie or an unknown format."""
    if name in MOVIES:
        raise Problem(f"the format {name} is a movie: frames need an image format, a movie is encoded from them")
    image = scene.render.image_settings
    medium = "MULTI_LAYER_IMAGE" if name == _MULTILAYER else "IMAGE"
    changes.note(image, "file_format")  # before the medium, so that it is put back after the medium
    changes.set(image, "media_type", medium)
    try:
        image.file_format = name
    except TypeError as error:
        raise Problem(f"the image format {name} is not in this Blender") from error


def is_movie(scene: Any) -> bool:
    """Whether the scene would write a movie."""
    return bool(scene.render.is_movie_format)
