"""Colour management: how light becomes a picture."""

from __future__ import annotations

from typing import Any

from .rows import row
from .stage import Stage

LATER = ("4.5", "5.0")


@row("AgX", series=LATER, absent="AgX came with Blender 4.0")
def agx(stage: Stage) -> None:
    view(stage, "AgX")


@row("AgX with a look (Punchy)", series=LATER, absent="AgX came with Blender 4.0")
def agx_look(stage: Stage) -> None:
    view(stage, "AgX", "AgX - Punchy")


@row("Filmic")
def filmic(stage: Stage) -> None:
    view(stage, "Filmic")


@row("Filmic with a look (Very High Contrast)")
def filmic_look(stage: Stage) -> None:
    try:
        view(stage, "Filmic", "Very High Contrast")
    except TypeError:
        view(stage, "Filmic", "Filmic - Very High Contrast")


@row("Standard, exposure and gamma")
def exposure(stage: Stage) -> None:
    settings = view(stage, "Standard").view_settings
    settings.exposure, settings.gamma = 0.7, 1.4


@row("Raw")
def raw(stage: Stage) -> None:
    view(stage, "Raw")


@row("RGB curves of the view")
def curves(stage: Stage) -> None:
    settings = view(stage, "Standard").view_settings
    settings.use_curve_mapping = True
    settings.curve_mapping.curves[3].points.new(0.4, 0.75)
    settings.curve_mapping.curves[0].points.new(0.5, 0.2)
    settings.curve_mapping.update()


@row("White balance of the view", series=LATER, absent="white balance came with Blender 4.3")
def white_balance(stage: Stage) -> None:
    settings = view(stage, "AgX").view_settings
    settings.use_white_balance = True
    settings.white_balance_temperature = 3200


@row("Colour space of the file overridden (follow scene off)")
def own_view_of_the_file(stage: Stage) -> None:
    scene = view(stage, "Standard")
    image = scene.render.image_settings
    image.color_management = "OVERRIDE"
    image.view_settings.view_transform = "Raw"
    image.view_settings.exposure = 0.5


@row("Texture with a colour space of its own (Non-Color)")
def texture_space(stage: Stage) -> None:
    scene = stage.fresh()
    stage.camera(scene)
    image = stage.image(stage.folder / "textures" / "data.png", 1)
    image.colorspace_settings.name = "Non-Color"
    stage.board(image)


def view(stage: Stage, transform: str, look: str = "None") -> Any:
    """A scene with light above white, seen through a view transform."""
    scene = stage.simple()
    for name, strength in (("Board", 4.0), ("Cube", 12.0)):
        nodes = scene.objects[name].data.materials[0].node_tree.nodes
        next(node for node in nodes if node.bl_idname == "ShaderNodeEmission").inputs[
            "Strength"
        ].default_value = strength
    scene.view_settings.view_transform = transform
    scene.view_settings.look = look
    return scene
