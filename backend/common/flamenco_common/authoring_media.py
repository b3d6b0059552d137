"""What compilers need to know of pictures, videos and file names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flamenco_common.paths import is_reserved

SCENE_FORMAT = "scene"
STILL_FORMATS = (
    "PNG", "JPEG", "OPEN_EXR", "OPEN_EXR_MULTILAYER", "TIFF", "WEBP", "JPEG2000", "TARGA", "TARGA_RAW", "BMP", "DPX",
    "CINEON", "HDR", "IRIS",
)  # fmt: skip
FORMAT_CHOICES = (SCENE_FORMAT, *STILL_FORMATS)
MOVIE_FORMATS = ("FFMPEG", "AVI_JPEG", "AVI_RAW")
PICTURE_SUFFIXES = (
    ".png", ".jpg", ".jpeg", ".exr", ".tif", ".tiff", ".webp", ".jp2", ".j2c", ".tga", ".bmp", ".dpx", ".cin", ".hdr",
    ".rgb",
)  # fmt: skip
SOUND_SUFFIXES = (".wav", ".flac", ".mp3", ".ogg", ".m4a", ".aac", ".aif", ".aiff", ".opus")
_SUFFIXES = {"h264": ".mp4", "prores": ".mov", "vp9": ".webm", "av1": ".mp4"}
VIDEO_CODECS = tuple(_SUFFIXES)
VIDEO_QUALITIES = ("low", "medium", "high", "lossless")
_MOST_NAME = 120


def still_format(choice: str, scene: Mapping[str, Any]) -> str:
    """The format to render pictures in, empty for the scene's own: a scene that is set to a movie gives PNG."""
    if choice != SCENE_FORMAT:
        return choice
    return "PNG" if scene.get("format") in MOVIE_FORMATS else ""


def video_file(base: str, codec: str) -> str:
    """`base` with the suffix that holds that codec."""
    return base + _SUFFIXES[codec]


def safe_name(text: str, otherwise: str = "result") -> str:
    """`text` as a file name that every platform takes."""
    kept = "".join(char if char.isalnum() or char in " ._-()+" else "_" for char in text)
    kept = kept.strip(" .")[:_MOST_NAME].strip(" .")
    return otherwise if not kept or is_reserved(kept) else kept


def overridden(scene: Mapping[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """The scene's values as they are once render settings are overridden, so that sizes and rates agree with them."""
    values = dict(scene)
    values.update(
        {name: overrides[name] for name in ("engine", "samples", "format", "color_depth") if name in overrides}
    )
    if "fps" in overrides:
        values["fps"] = float(overrides["fps"])
    return _resized(values, overrides)


def _resized(values: dict[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Blender cuts pixels off: size times percentage, divided by 100, as whole numbers."""
    if not any(name in overrides for name in ("resolution_x", "resolution_y", "resolution_percentage")):
        return values
    percentage = overrides.get("resolution_percentage", values.get("resolution_percentage", 100))
    for raw, shown in (("resolution_x", "width"), ("resolution_y", "height")):
        pixels = overrides.get(raw, values.get(raw, values.get(shown)))
        if pixels is not None:
            values[shown] = max(1, int(pixels) * int(percentage) // 100)
    return values
