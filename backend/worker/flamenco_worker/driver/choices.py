"""What a render request chooses of a scene: format, view layers, camera, a tile, a range of samples."""

from __future__ import annotations

from typing import Any

from . import formats, overrides
from .changes import Changes
from .problems import Problem


def apply(
    changes: Changes,
    scene: Any,
    *,
    format: str = "",
    view_layers: list[str] | None = None,
    split: bool = False,
    camera: str = "",
    tile: dict[str, int] | None = None,
    samples: dict[str, int] | None = None,
    sequencer: bool | None = None,
    image: dict[str, Any] | None = None,
) -> None:
    """Change the scene to what is chosen. Raises `Problem` if it does not have it."""
    render = scene.render
    if render.engine not in overrides.engines():
        raise Problem(f"the scene's render engine {render.engine or '(unknown)'} is not in this Blender")
    changes.set(render, "use_file_extension", True)
    changes.set(render, "use_overwrite", True)
    changes.set(render, "use_placeholder", False)
    if format or formats.is_movie(scene):
        formats.change(changes, scene, format or "PNG")
    overrides.apply_image(changes, scene, image or {})
    if sequencer is not None:
        changes.set(render, "use_sequencer", sequencer)
    _layers(changes, scene, view_layers or [])
    if split:
        changes.set(render, "use_compositing", False)
    if tile or samples:
        _part(changes, scene)
    if tile:
        _tile(changes, render, **tile)
    if samples:
        _samples(changes, scene, **samples)
    _camera(changes, scene, camera, bool(sequencer))


def facts(scene: Any, wanted: dict[str, Any]) -> dict[str, Any]:
    """What the frames will be: their size (0: not known before), extension and view layers."""
    render = scene.render
    width, height = (side * render.resolution_percentage // 100 for side in (render.resolution_x, render.resolution_y))
    tile = wanted.get("tile")
    if tile:
        width, height = tile["x1"] - tile["x0"], tile["y1"] - tile["y0"]
    elif render.use_multiview or (render.use_border and render.use_crop_to_border):
        width = height = 0
    return {
        "width": width,
        "height": height,
        "extension": render.file_extension,
        "together": render.engine in overrides.EEVEE and not (render.use_sequencer and bool(strips(scene))),
        "layers": [each.name for each in scene.view_layers if each.use],
    }


def strips(scene: Any) -> list[Any]:
    """All strips of the scene's video edit, those inside of meta strips too; 4.4 renamed the collection."""
    editor = scene.sequence_editor
    if editor is None:
        return []
    return list(editor.strips_all if hasattr(editor, "strips_all") else editor.sequences_all)


def _layers(changes: Changes, scene: Any, names: list[str]) -> None:
    unknown = [name for name in names if name not in scene.view_layers]
    if unknown:
        has = ", ".join(each.name for each in scene.view_layers)
        raise Problem(f"the scene has no view layer {unknown[0]!r}; it has {has}")
    if names:
        for each in scene.view_layers:
            changes.set(each, "use", each.name in names)
        changes.set(scene.render, "use_single_layer", False)
    if not any(each.use for each in scene.view_layers):
        raise Problem("no view layer of the scene is used for rendering")


def _camera(changes: Changes, scene: Any, name: str, sequencer_only: bool) -> None:
    if name:
        chosen = scene.objects.get(name)
        if chosen is None or chosen.type != "CAMERA":
            raise Problem(f"the scene has no camera {name!r}")
        changes.set(scene, "camera", chosen)
        for marker in scene.timeline_markers:  # a marker's camera wins over the scene's
            changes.set(marker, "camera", None)
    shows_edit = scene.render.use_sequencer and bool(strips(scene))
    if sequencer_only and not shows_edit:
        raise Problem("the video edit of the scene is to be rendered, and it has none")
    if not shows_edit and not _any_camera(scene):
        raise Problem(f"the scene {scene.name!r} has no camera")


def _any_camera(scene: Any) -> bool:
    """Blender takes any camera of the scene if none is chosen."""
    return (
        scene.camera is not None
        or any(marker.camera for marker in scene.timeline_markers)
        or any(each.type == "CAMERA" for each in scene.objects)
    )


def _part(changes: Changes, scene: Any) -> None:
    """A part is raw: what needs the whole picture comes after the merge."""
    formats.exact(changes, scene)
    changes.set(scene.render, "use_compositing", False)
    changes.set(scene.render, "use_sequencer", False)
    if scene.render.engine != "CYCLES":
        return
    if scene.cycles.use_denoising:
        changes.set(scene.cycles, "use_denoising", False)
        for layer in scene.view_layers:
            changes.set(layer.cycles, "denoising_store_passes", True)


def _tile(changes: Changes, render: Any, x0: int, y0: int, x1: int, y1: int, width: int, height: int) -> None:
    """Half a pixel is added because Blender rounds borders down; plain fractions miss rows of odd sizes."""
    has = tuple(side * render.resolution_percentage // 100 for side in (render.resolution_x, render.resolution_y))
    if has != (width, height):
        raise Problem(f"the tile is of a picture of {width}x{height} pixels, and the scene renders {has[0]}x{has[1]}")
    changes.set(render, "use_border", True)
    changes.set(render, "use_crop_to_border", True)
    for name, pixels, size in (
        ("max_x", x1, width),
        ("max_y", y1, height),
        ("min_x", x0, width),
        ("min_y", y0, height),
    ):
        edge = 0.0 if pixels == 0 else 1.0 if pixels == size else (pixels + 0.5) / size
        changes.set(render, f"border_{name}", edge)


def _samples(changes: Changes, scene: Any, offset: int, count: int, total: int) -> None:
    """Every version draws the same pattern as the whole picture: 4.2 and later want to know the total."""
    if scene.render.engine != "CYCLES":
        raise Problem(f"only Cycles can render a range of samples, the scene's engine is {scene.render.engine}")
    cycles = scene.cycles
    changes.set(cycles, "use_adaptive_sampling", False)
    changes.set(cycles, "use_denoising", False)
    changes.set(cycles, "time_limit", 0.0)
    changes.set(cycles, "auto_scrambling_distance", False)  # it depends on how many samples there are
    changes.set(cycles, "sample_offset", offset)
    if hasattr(cycles, "use_sample_subset"):
        changes.set(cycles, "samples", total)
        changes.set(cycles, "use_sample_subset", True)
        changes.set(cycles, "sample_subset_length", count)
    else:
        changes.set(cycles, "samples", count)
