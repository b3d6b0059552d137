"""Every named render setting does in each Blender what its name says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import flamenco_worker
import pytest
import scenes
from flamenco_common.commands import OVERRIDE_NAMES
from scenes import BLENDERS

pytestmark = pytest.mark.real

SETTINGS: dict[str, Any] = {
    "engine": "CYCLES", "samples": 7, "resolution_x": 123, "resolution_y": 77, "resolution_percentage": 50, "device": "CPU",
    "denoise": True, "adaptive_sampling": True, "format": "OPEN_EXR", "color_depth": "32", "color_mode": "RGB", "quality": 42,
    "exr_codec": "PIZ", "film_transparent": True, "motion_blur": True, "simplify": True, "simplify_subdivision": 2,
    "persistent_data": True, "threads": 2, "max_bounces": 3, "fps": 23.976, "use_compositing": False,
}  # fmt: skip
READ = {
    "engine": "scene.render.engine", "samples": "scene.cycles.samples", "resolution_x": "scene.render.resolution_x",
    "resolution_y": "scene.render.resolution_y", "resolution_percentage": "scene.render.resolution_percentage",
    "device": "scene.cycles.device", "denoise": "scene.cycles.use_denoising",
    "adaptive_sampling": "scene.cycles.use_adaptive_sampling", "format": "image.file_format", "color_depth": "image.color_depth",
    "color_mode": "image.color_mode", "quality": "image.quality", "exr_codec": "image.exr_codec",
    "film_transparent": "scene.render.film_transparent", "motion_blur": "scene.render.use_motion_blur",
    "simplify": "scene.render.use_simplify", "simplify_subdivision": "scene.render.simplify_subdivision_render",
    "persistent_data": "scene.render.use_persistent_data", "threads": "scene.render.threads",
    "max_bounces": "scene.cycles.max_bounces", "fps": "round(scene.render.fps / scene.render.fps_base, 3)",
    "use_compositing": "scene.render.use_compositing",
}  # fmt: skip
_DRIVER = Path(flamenco_worker.__file__).parent / "driver"


def in_blender(version: str, folder: Path, body: str) -> Any:
    """Load the driver as `start.py` does, run `body`, and return what it leaves in `found`."""
    script = folder / "ask.py"
    script.write_text(
        "import importlib, importlib.util, json, sys, bpy\n"
        f"spec = importlib.util.spec_from_file_location('d', {str(_DRIVER / '__init__.py')!r},"
        f" submodule_search_locations=[{str(_DRIVER)!r}])\n"
        "sys.modules['d'] = importlib.util.module_from_spec(spec)\n"
        "overrides, changes = importlib.import_module('d.overrides'), importlib.import_module('d.changes')\n"
        "scene = bpy.context.scene\nimage = scene.render.image_settings\n"
        + body
        + "\nprint('FOUND', json.dumps(found))\n"
    )
    text = scenes.run_python(version, script)
    return json.loads(next(line for line in text.splitlines() if line.startswith("FOUND")).removeprefix("FOUND"))


def test_every_name_has_a_value_here() -> None:
    assert set(SETTINGS) == set(READ) == set(OVERRIDE_NAMES)


@pytest.mark.parametrize("version", BLENDERS)
def test_every_setting_is_applied(version: str, tmp_path: Path) -> None:
    body = (
        f"settings = json.loads({json.dumps(SETTINGS)!r})\n"
        "warnings = overrides.apply(scene, settings)\n"
        "overrides.apply_image(changes.Changes(), scene, settings)\n"
        f"found = [warnings, {{name: eval(path) for name, path in {READ!r}.items()}}]"
    )
    warnings, found = in_blender(version, tmp_path, body)
    assert warnings == []
    assert found == SETTINGS


@pytest.mark.parametrize("version", BLENDERS)
def test_eevee_has_one_name_whatever_the_version_calls_it(version: str, tmp_path: Path) -> None:
    body = (
        "found = []\n"
        "for name in ('BLENDER_EEVEE', 'CYCLES', 'BLENDER_EEVEE_NEXT', 'BLENDER_WORKBENCH'):\n"
        "    overrides.apply(scene, {'engine': name, 'samples': 5})\n"
        "    found.append([scene.render.engine, scene.eevee.taa_render_samples])"
    )
    found = in_blender(version, tmp_path, body)
    eevee = "BLENDER_EEVEE_NEXT" if version == "4.5" else "BLENDER_EEVEE"
    assert found == [[eevee, 5], ["CYCLES", 5], [eevee, 5], ["BLENDER_WORKBENCH", 5]]


@pytest.mark.parametrize("version", BLENDERS)
def test_a_scene_that_wants_a_missing_graphics_card_falls_back(version: str, tmp_path: Path) -> None:
    body = (
        "scene.render.engine = 'CYCLES'\nscene.cycles.device = 'GPU'\n"
        "found = [overrides.apply(scene, {}), scene.cycles.device]"
    )
    (warning,), device = in_blender(version, tmp_path, body)
    assert "renders on the CPU" in warning
    assert device == "CPU"
