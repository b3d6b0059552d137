"""What a .blend says of its active scene, read from its blocks without Blender.

The keys are the values of `flamenco_common.authoring.Scene`; a contract test holds them equal. Numbers of enums are
those of Blender's DNA_scene_types.h, DNA_object_types.h and DNA_modifier_types.h, which never change their meaning.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from blender_asset_tracer.blendfile.exceptions import SegmentationFault
from blender_asset_tracer.blendfile.iterators import listbase, sequencer_strips

from flamenco_client.blendfiles import opened
from flamenco_client.errors import BadBlend
from flamenco_client.simulations import simulations

DEFAULT_SAMPLES = 4096  # Cycles', while the file holds no value
FORMATS = {
    0: "TARGA", 1: "IRIS", 4: "JPEG", 14: "TARGA_RAW", 15: "AVI_RAW", 16: "AVI_JPEG", 17: "PNG", 20: "BMP", 21: "HDR",
    22: "TIFF", 23: "OPEN_EXR", 24: "FFMPEG", 26: "CINEON", 27: "DPX", 28: "OPEN_EXR_MULTILAYER", 30: "JPEG2000",
    31: "FFMPEG", 32: "FFMPEG", 33: "FFMPEG", 35: "WEBP", 36: "FFMPEG",
}  # fmt: skip
DEPTHS = {1: "BW", 2: "8", 4: "10", 8: "12", 16: "16", 32: "24", 64: "32"}
USE_SEQUENCER = 1  # RenderData.scemode
LAYER_RENDERS = 1  # ViewLayer.flag
OBJECT_CAMERA = 11  # Object.type
STRIP_SOUND = 4  # Strip.type
PROPERTY_GROUP = 6  # IDProperty.type


@dataclass(frozen=True)
class BlendInfo:
    """A file's Blender version, like "4.5", and what its active scene says."""

    version: str
    scene: dict[str, Any]


def read_blend(path: Path) -> BlendInfo:
    """Read a .blend file's version and active scene. Raises `BadBlend`."""
    with opened(path) as file:
        major, minor = divmod(file.header.version, 100)
        return BlendInfo(f"{major}.{minor}", scene_values(active_scene(file, path)))


def active_scene(file: Any, path: Path) -> Any:
    """The block of the scene that the file opens with."""
    for block in file.find_blocks_from_code(b"GLOB"):
        # It may name a scene that was not saved, as nothing used it; Blender then opens with the first one, too.
        with contextlib.suppress(SegmentationFault):
            scene = block.get_pointer(b"curscene", None)
            if scene is not None:
                return scene
    scenes = file.find_blocks_from_code(b"SC")
    if not scenes:
        raise BadBlend(f"{path} holds no scene")
    return scenes[0]


def scene_values(scene: Any) -> dict[str, Any]:
    """All values of a scene by their names."""
    objects = list(scene_objects(scene))
    strips = list(strip_types(scene))
    cameras = [name_of(item) for item in objects if item[b"type"] == OBJECT_CAMERA]
    values = {
        **_timing(scene),
        **_picture(scene),
        "samples": _samples(scene),
        "scene": name_of(scene),
        "cameras": cameras,
        "view_layers": _view_layers(scene),
        # Blender renders the scene itself if the edit holds nothing but sound.
        "has_sequencer": any(kind != STRIP_SOUND for kind in strips)
        and bool(_render(scene, b"scemode") & USE_SEQUENCER),
        "has_sound": STRIP_SOUND in strips,
        "simulations": simulations(scene, objects, name_of),
    }
    camera = scene.get_pointer(b"camera", None)
    if camera is not None:
        values["camera"] = name_of(camera)
    return values


def name_of(block: Any) -> str:
    """A data-block's name without its two-letter code."""
    raw: bytes = block[b"name"] if block.code == b"ID" else block[b"id", b"name"]
    return raw[2:].decode("utf-8", "replace")


def scene_objects(scene: Any) -> Iterator[Any]:
    """The objects in a scene's collections, each once; those linked from other files are not looked into."""
    seen: set[int] = set()
    top = scene.get_pointer(b"master_collection", None)
    waiting = [top] if top is not None else []
    while waiting:
        collection = waiting.pop(0)
        if collection.dna_type_id == b"ID" or collection.addr_old in seen:
            continue
        seen.add(collection.addr_old)
        for item in listbase(collection.get_pointer((b"gobject", b"first"))):
            found = item.get_pointer(b"ob")
            if found is not None and found.dna_type_id == b"Object" and found.addr_old not in seen:
                seen.add(found.addr_old)
                yield found
        children = listbase(collection.get_pointer((b"children", b"first")))
        waiting += [child for child in (item.get_pointer(b"collection") for item in children) if child is not None]


def strip_types(scene: Any) -> Iterator[int]:
    """The types of the scene's sequencer strips, those inside meta strips too."""
    editor = scene.get_pointer(b"ed", None)
    if editor is not None:
        yield from (kind for _, kind in sequencer_strips(editor))


def _render(scene: Any, name: bytes) -> Any:
    return scene[b"r", name]


def _timing(scene: Any) -> dict[str, Any]:
    first, last, step = (_render(scene, name) for name in (b"sfra", b"efra", b"frame_step"))
    frames = str(first) if first >= last else f"{first}-{last}" + (f"x{step}" if step > 1 else "")
    base = _render(scene, b"frs_sec_base") or 1.0
    return {
        "frame_range": frames,
        "frame": _render(scene, b"cfra"),
        # The base is a 32-bit float: 30 / 1.001 would come out as 29.97002856.
        "fps": round(_render(scene, b"frs_sec") / round(base, 6), 6),
    }


def _picture(scene: Any) -> dict[str, Any]:
    wide, high, scale = (_render(scene, name) for name in (b"xsch", b"ysch", b"size"))
    kind = scene[b"r", b"im_format", b"imtype"]
    return {
        "width": max(1, wide * scale // 100),
        "height": max(1, high * scale // 100),
        "resolution_x": wide,
        "resolution_y": high,
        "resolution_percentage": scale,
        "engine": _render(scene, b"engine").decode("ascii", "replace"),
        "format": FORMATS.get(kind, "PNG"),
        "color_depth": DEPTHS.get(scene[b"r", b"im_format", b"depth"], "8"),
    }


def _samples(scene: Any) -> int:
    """Cycles' samples: in the ID's own properties up to 4.x, in its system properties since 5.0."""
    for place in (b"system_properties", b"properties"):
        if not any(field.name.name_only == place for field in scene.bfile.struct(b"ID").fields):
            continue
        for group in _group(scene.get_pointer((b"id", place))):
            if group[b"name"] == b"cycles" and group[b"type"] == PROPERTY_GROUP:
                for entry in _group(group):
                    if entry[b"name"] == b"samples":
                        return int(entry[b"data", b"val"])
    return DEFAULT_SAMPLES


def _group(block: Any) -> Iterator[Any]:
    """The entries of an ID property group."""
    if block is not None:
        yield from listbase(block.get_pointer((b"data", b"group", b"first")))


def _view_layers(scene: Any) -> list[str]:
    layers = listbase(scene.get_pointer((b"view_layers", b"first")))
    return [layer[b"name"].decode("utf-8", "replace") for layer in layers if layer[b"flag"] & LAYER_RENDERS]
