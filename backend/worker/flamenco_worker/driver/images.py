"""Write a merged, scene-linear picture as the scene itself would have: by its own compositor and render pipeline.

The merged picture takes the place of the rendered layers in the compositor. So format, colour management and dither are what
they are when the scene renders, and the denoiser runs on the whole picture.
"""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

import bpy

from . import choices, compositing, formats, frames
from .changes import Changes
from .problems import Problem

_LAYERS = "CompositorNodeRLayers"
_PREFILTERS = {"NONE": "None", "FAST": "Fast", "ACCURATE": "Accurate"}


def write_image(source: str, width: int, height: int, folder: str, number: int) -> dict[str, Any]:
    """Write the EXR `source` in the scene's format into `folder`. The open file is not itself afterwards."""
    began = time.time()
    scene = frames.plain()
    notes = []
    _prepare(scene)
    facts = choices.facts(scene, {})
    _fits(facts, width, height)
    picture = bpy.data.images.load(source)
    composed = compositing.tree(scene) is not None and any(compositing.nodes(scene, _LAYERS))
    if scene.render.image_settings.file_format == formats.MULTILAYER:
        notes += _layers_kept(source, folder, composed or _denoises(scene))
        return {"files": {".exr": str(Path(folder, "f.exr"))}, "extras": {}, "notes": notes, **facts}
    if composed:
        notes += _replace_layers(scene, picture)
    else:
        tree, result = compositing.fresh(scene)
        notes += _feed(scene, tree, picture, _first_layer(scene), result)
    answer = frames.render_once(scene, number, folder)
    return {**answer, "notes": notes, "began": began, **facts}


def _prepare(scene: Any) -> None:
    changes = Changes()
    frames.choose(changes, scene)
    changes.set(scene.render, "use_sequencer", False)
    changes.set(scene.render, "use_border", False)


def _fits(facts: dict[str, Any], width: int, height: int) -> None:
    """The compositor would center a picture of another size in the frame without a word."""
    if facts["width"] and (width, height) != (facts["width"], facts["height"]):
        raise Problem(
            f"the merged picture has {width}x{height} pixels, and the scene renders {facts['width']}x{facts['height']}"
        )


def _layers_kept(source: str, folder: str, changed: bool) -> list[str]:
    """A multilayer EXR is what the scene asks for and what the merge made."""
    shutil.copyfile(source, Path(folder, "f.exr"))
    return ["the picture is a multilayer EXR: it is not composited and not denoised"] if changed else []


def _denoises(scene: Any) -> bool:
    return scene.render.engine == "CYCLES" and bool(scene.cycles.use_denoising)


def _image_node(tree: Any, picture: Any, layer: str) -> Any:
    node = tree.nodes.new("CompositorNodeImage")
    node.image = picture
    if layer and getattr(node, "has_layers", False):
        try:
            node.layer = layer
        except TypeError as error:
            raise Problem(f"the merged picture has no view layer {layer!r}") from error
    return node


def _first_layer(scene: Any) -> str:
    """Without a compositor, Blender saves the first view layer; in the file they are in the order of the alphabet."""
    return next((each.name for each in scene.view_layers if each.use), "")


def _feed(scene: Any, tree: Any, picture: Any, layer: str, target: Any) -> list[str]:
    """Link a layer of the picture to `target`, denoised if the scene denoises; return what people should know."""
    node = _image_node(tree, picture, layer)
    socket, notes = _finished(scene, tree, node)
    tree.links.new(socket, target)
    return notes


def _finished(scene: Any, tree: Any, node: Any) -> tuple[Any, list[str]]:
    """The socket with the finished picture of an image node's layer."""
    plain = _socket(node, "Image")
    if not _denoises(scene):
        return plain, []
    if not _has_denoiser():
        return plain, ["this Blender has no denoiser: the picture is not denoised"]
    denoise = tree.nodes.new("CompositorNodeDenoise")
    tree.links.new(plain, denoise.inputs["Image"])
    passes = getattr(scene.cycles, "denoising_input_passes", "RGB")
    for name in ("Albedo", "Normal"):
        guide = node.outputs.get(f"Denoising {name}")
        if guide is not None and name.upper() in passes:
            tree.links.new(guide, denoise.inputs[name])
    _set_prefilter(denoise, getattr(scene.cycles, "denoising_prefilter", "ACCURATE"))
    return denoise.outputs["Image"], []


def _set_prefilter(denoise: Any, prefilter: str) -> None:
    if hasattr(denoise, "prefilter"):
        denoise.prefilter = prefilter
    else:
        denoise.inputs["Prefilter"].default_value = _PREFILTERS[prefilter]


def _has_denoiser() -> bool:
    import _cycles  # type: ignore[import-not-found]  # inside Blender only

    return bool(_cycles.with_openimagedenoise)


def _socket(node: Any, name: str) -> Any:
    """The output that a Render Layers node calls `name`; its picture is the pass Combined in a file."""
    return node.outputs.get("Combined" if name == "Image" else name) or node.outputs.get(name)


def _replace_layers(scene: Any, picture: Any) -> list[str]:
    """Put the picture in the place of the scene's own Render Layers nodes."""
    notes: list[str] = []
    for tree, node in list(compositing.nodes(scene, _LAYERS)):
        if node.scene not in (None, scene):
            notes.append(
                f"the compositor's node {node.name} shows the scene {node.scene.name}, which is rendered again"
            )
            continue
        image = _image_node(tree, picture, node.layer)
        finished, more = _finished(scene, tree, image)
        notes += more
        for link in list(tree.links):
            if link.from_node == node:
                notes += _relink(tree, link, image, finished)
        tree.nodes.remove(node)
    return list(dict.fromkeys(notes))


def _relink(tree: Any, link: Any, image: Any, finished: Any) -> list[str]:
    name = link.from_socket.name
    socket = finished if name == "Image" else _socket(image, name)
    if socket is None:
        return [f"the compositor uses the pass {name}, which the merged picture does not have"]
    tree.links.new(socket, link.to_socket)
    return []
