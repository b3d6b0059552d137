"""A baked file finds its cache wherever it goes, and shows the simulation at any frame without simulating."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import scenes
from blender_bench import Bench, Kept
from flamenco_common.commands import BlenderBake, BlenderRender
from flamenco_worker.errors import CommandFailed
from scenes import BLENDERS

pytestmark = pytest.mark.real

KEYS = {
    "rigidbody": "rigidbody:Scene:World",
    "cloth": "cloth:Sheet:Cloth",
    "softbody": "softbody:Jelly:Softbody",
    "particles": "particles:Emitter:Dust",
    "nodes": "nodes:Cube:Sim",
    "fluid": "fluid:Domain:Fluid",
}
SHOWN = {
    "rigidbody": "bpy.data.objects['Stone'].evaluated_get(graph).matrix_world.translation.z",
    "cloth": "bpy.data.objects['Sheet'].evaluated_get(graph).data.vertices[3].co.z",
    "softbody": "bpy.data.objects['Jelly'].evaluated_get(graph).data.vertices[3].co.z",
    "particles": "bpy.data.objects['Emitter'].evaluated_get(graph).particle_systems[0].particles[0].location.z",
    "nodes": "bpy.data.objects['Cube'].evaluated_get(graph).data.vertices[0].co.x",
    "fluid": "sum(bpy.data.objects['Domain'].evaluated_get(graph).modifiers[0].domain_settings.density_grid)",
}
PLACES = [(kind, version) for kind in KEYS for version in BLENDERS]
CAN = [
    (kind, version)
    for kind, version in PLACES
    if (kind, version) not in {("nodes", "3.4"), ("fluid", "4.5"), ("fluid", "5.0")}
]


def bake(bench: Bench, scene: dict[str, str], kind: str, output: str, kept: Kept | None = None) -> Kept:
    command = BlenderBake(
        **scene,
        simulation=KEYS[kind],
        frames="1-6",
        output_blend=str(bench.job / output),
        cache=str(bench.job / "caches" / kind),
    )
    return bench.run(command, kept=kept)


def shown(version: str, blend: Path, kind: str, folder: Path) -> list[float]:
    """What frames 6, 3 and 5 show, asked in this order: a simulation that is not baked cannot jump."""
    script = folder / "look.py"
    script.write_text(
        "import bpy, json\n"
        f"bpy.ops.wm.open_mainfile(filepath={str(blend)!r}, load_ui=False)\n"
        "found = []\n"
        "for frame in (6, 3, 5):\n"
        "    bpy.context.scene.frame_set(frame)\n"
        "    graph = bpy.context.evaluated_depsgraph_get()\n"
        f"    found.append({SHOWN[kind]})\n"
        "print('FOUND', json.dumps(found))\n"
    )
    text = scenes.run_python(version, script)
    return json.loads(next(line for line in text.splitlines() if line.startswith("FOUND")).removeprefix("FOUND"))


@pytest.mark.parametrize(("kind", "version"), CAN)
def test_a_baked_simulation_moves_to_another_machine(bench: Bench, kind: str, version: str, tmp_path: Path) -> None:
    scene = bench.scene(kind, version)
    original = Path(scene["blend"]).read_bytes()
    kept = bake(bench, scene, kind, "baked.blend")
    *caches, saved = kept.made
    assert (saved.path, saved.kind, saved.root) == ("baked.blend", "blend", "job")
    assert all(made.kind == "cache" and made.path.startswith(f"caches/{kind}/") for made in caches)
    assert bool(caches) == (kind != "rigidbody")
    assert Path(scene["blend"]).read_bytes() == original
    assert not [path for path in bench.job.rglob(".*") if path.is_file()], "no working file stays"
    elsewhere = tmp_path / "elsewhere"
    shutil.move(str(bench.job), elsewhere)
    last, third, fifth = shown(version, elsewhere / "baked.blend", kind, tmp_path)
    if kind == "fluid":
        assert last > fifth > third > 0
    else:
        assert len({round(last, 4), round(third, 4), round(fifth, 4)}) == 3
        assert abs(last - third) > abs(fifth - third) > 0


@pytest.mark.parametrize("version", BLENDERS)
def test_bakes_follow_one_another_and_feed_a_render(bench: Bench, version: str) -> None:
    """The second bake keeps the first one's cache; the texture beside the first file is still found."""
    scene = bench.scene("draped", version)
    bake(bench, scene, "cloth", "first.blend")
    bake(bench, {**scene, "blend": str(bench.job / "first.blend")}, "particles", "second/second.blend")
    second = {**scene, "blend": str(bench.job / "second" / "second.blend")}
    assert len(bench.run(BlenderRender(**second, frames="5-6", output=bench.frames())).made) == 2
    (bench.job / "green.png").unlink()
    shutil.rmtree(bench.job / "caches" / "cloth")
    with pytest.raises(CommandFailed) as error:
        bench.run(BlenderRender(**second, frames="5-6", output=bench.frames(), overrides={"samples": 1}))
    assert f"image {bench.job / 'green.png'}" in str(error.value)
    assert f"cache of Sheet: {bench.job / 'caches' / 'cloth'}" in str(error.value)


def test_what_cannot_be_baked_is_named(bench: Bench) -> None:
    scene = bench.scene("cloth", "3.4")
    with pytest.raises(CommandFailed, match="no object 'Cube2'"):
        bench.run(_command(bench, scene, "cloth:Cube2:Cloth"))
    with pytest.raises(CommandFailed, match="'Sheet' has no simulation 'Silk'"):
        bench.run(_command(bench, scene, "cloth:Sheet:Silk"))
    with pytest.raises(CommandFailed, match="is none of rigidbody"):
        bench.run(_command(bench, scene, "weather:Sheet:Rain"))
    with pytest.raises(CommandFailed, match="leaves"):
        bench.run(_command(bench, scene, KEYS["cloth"], cache=str(bench.job / ".." / ".." / "everything")))
    assert not [path.name for path in bench.job.iterdir() if path.name != "cloth.blend"]


def _command(bench: Bench, scene: dict[str, str], key: str, cache: str = "") -> BlenderBake:
    return BlenderBake(
        **scene,
        simulation=key,
        frames="1-6",
        output_blend=str(bench.job / "out.blend"),
        cache=cache or str(bench.job / "caches"),
    )


def test_a_blender_that_crashes_in_a_bake_says_which(bench: Bench) -> None:
    """The wheels' fluid solver aborts."""
    scene = {**bench.scene("fluid", "3.4"), "blender": BLENDERS["4.5"]}
    with pytest.raises(CommandFailed, match=r"the bake of fluid:Domain:Fluid failed: .*SIGABRT"):
        bake(bench, scene, "fluid", "baked.blend")
    assert not [path for path in bench.job.glob(".*") if path.is_file()]
