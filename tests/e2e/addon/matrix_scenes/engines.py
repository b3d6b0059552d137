"""Engines, and what of them depends on the machine."""

from __future__ import annotations

import contextlib
from typing import Any

from .rows import row
from .stage import Stage

with contextlib.suppress(ImportError):
    import bpy


@row("Cycles, light and shadow")
def cycles(stage: Stage) -> None:
    scene = lit(stage)
    scene.cycles.samples = 4


@row("Cycles, adaptive sampling")
def cycles_adaptive(stage: Stage) -> None:
    scene = lit(stage)
    scene.cycles.samples, scene.cycles.use_adaptive_sampling = 16, True


@row("Cycles, denoised", series=("4.5", "5.0"), absent="the Blender 3.4 that these tests have cannot denoise")
def cycles_denoised(stage: Stage) -> None:
    scene = lit(stage)
    scene.cycles.samples, scene.cycles.use_denoising = 2, True


@row("Cycles, set to a graphics card that neither machine has", warned="GPU")
def cycles_gpu(stage: Stage) -> None:
    lit(stage).cycles.device = "GPU"


@row("Workbench")
def workbench(stage: Stage) -> None:
    scene = stage.moving()
    scene.frame_end = 2
    scene.render.engine = "BLENDER_WORKBENCH"
    scene.display.shading.color_type = "TEXTURE"


@row("Eevee", series=("3.4",), absent="not rendered here: without a graphics card the newer Eevee takes minutes")
def eevee(stage: Stage) -> None:
    scene = stage.simple()
    scene.render.engine = "BLENDER_EEVEE"
    scene.eevee.taa_render_samples = 4


@row("Freestyle lines")
def freestyle(stage: Stage) -> None:
    scene = stage.moving()
    scene.frame_end = 2
    scene.render.use_freestyle = True
    style = bpy.data.linestyles.new("Lines")
    style.thickness, style.color = 2, (1, 1, 0)
    bpy.context.view_layer.freestyle_settings.linesets[0].linestyle = style


@row("Persistent data between frames")
def persistent_data(stage: Stage) -> None:
    stage.moving().render.use_persistent_data = True


@row("Hair that the particle system grows")
def hair(stage: Stage) -> None:
    scene = stage.simple()
    system = scene.objects["Board"].modifiers.new("Hair", "PARTICLE_SYSTEM").particle_system
    system.settings.type, system.settings.count, system.settings.hair_length = "HAIR", 60, 1.5
    system.settings.brownian_factor = 0.3


@row("Render settings of a preset of the farm, when none is chosen")
def no_preset(stage: Stage) -> None:
    scene = lit(stage)
    scene.cycles.samples = 3
    scene.render.resolution_percentage = 90
    scene.render.use_simplify = True
    scene.render.simplify_subdivision_render = 0
    scene.objects["Gray"].modifiers.new("Subdivision", "SUBSURF").render_levels = 2


def lit(stage: Stage) -> Any:
    """A gray cube in the sun."""
    scene = stage.simple()
    stage.sun(scene)
    gray = stage.cube("Gray", 0.8, (-0.4, 0, 1))
    gray.data.materials[0] = bpy.data.materials.new("Gray")
    return scene
