"""The job type `bake`."""

from __future__ import annotations

from typing import Any

import pytest
from compiled_jobs import compile_with, refusal
from flamenco_common.commands import BlenderBake, FileSet
from flamenco_common.paths import check_relative

KEYS = ["rigidbody:Scene:World", "cloth:Flag:Cloth", "particles:Em:it/ter:Dust"]
SIMULATED = {"simulations": KEYS}


def test_simulations_are_baked_one_after_the_other_each_in_the_file_of_the_one_before() -> None:
    job = compile_with("bake", scene=SIMULATED)
    assert job.waits == {"bake 1": [], "bake 2": ["bake 1"], "bake 3": ["bake 2"]}
    bakes = [job.command(name) for name in job.names]
    assert [bake.simulation for bake in bakes] == KEYS
    assert [bake.blend for bake in bakes] == ["/j/set/shot.blend", *(bake.output_blend for bake in bakes[:-1])]
    assert bakes[0] == BlenderBake(
        blend="/j/set/shot.blend", simulation=KEYS[0], frames="1-10", output_blend="/j/set/shot-baked-1.blend",
        cache="/j/set/shot-caches/1-rigidbody-Scene-World",
    )  # fmt: skip


def test_caches_have_clean_paths_of_their_own() -> None:
    job = compile_with("bake", scene={"simulations": ["cloth:A:B", "cloth:A:B ", "nodes:../..:x", "fluid: : "]})
    caches = [job.command(name).cache for name in job.names]
    assert len(set(caches)) == 4
    for cache in caches:
        assert check_relative(cache.removeprefix("/j/")).startswith("set/shot-caches/")


@pytest.mark.parametrize(
    ("frames", "scene", "baked"),
    [
        ("1-10", "1-10", "1-10"),
        ("50-60", "1-100", "1-60"),
        ("20,30,40", "11-100x3", "11-40"),
        ("1-9x2", "1-9x2", "1-9"),
        ("-5-3", "1-10", "-5-3"),
        ("5", "5", "5"),
    ],
)
def test_baking_begins_with_the_scenes_first_frame_and_leaves_no_gap(frames: str, scene: str, baked: str) -> None:
    job = compile_with("bake", {"frames": frames}, scene={**SIMULATED, "frame_range": scene})
    assert {job.command(name).frames for name in job.names} == {baked}


def test_some_simulations_are_baked_in_the_scenes_order() -> None:
    job = compile_with("bake", {"simulations": [KEYS[2], KEYS[0], KEYS[2]]}, scene=SIMULATED)
    assert [job.command(name).simulation for name in job.names] == [KEYS[0], KEYS[2]]


def test_simulations_of_a_scene_that_tells_none_are_taken_as_they_are() -> None:
    job = compile_with("bake", {"simulations": [KEYS[1]]}, scene={"simulations": None})
    assert job.command("bake 1").simulation == KEYS[1]


def test_the_baked_file_is_rendered_if_wanted() -> None:
    settings = {"render": True, "chunk_size": 4, "frames": "5-10"}
    job = compile_with("bake", settings, scene={**SIMULATED, "format": "FFMPEG"})
    assert job.waits["render"] == ["bake 3"]
    assert job.waits["preview"] == ["render"]
    renders = job.commands("render")
    assert [render.frames for render in renders] == ["5-8", "9-10"]
    assert {render.blend for render in renders} == {"/j/set/shot-baked-3.blend"}
    assert {(render.format, render.output, render.skip_existing) for render in renders} == {
        ("PNG", "/o/frames/####", False)
    }
    preview = job.command("preview")
    assert (preview.inputs, preview.frames, preview.fps) == (FileSet(step="render", pattern="frames/*"), "5-10", 24.0)
    assert "preview" not in compile_with("bake", {**settings, "preview": False}, scene=SIMULATED).names


def test_limits_hold_for_bakes() -> None:
    job = compile_with("bake", {"memory_mb": 9000, "timeout_minutes": 90, "retries": 1}, scene=SIMULATED)
    for step in job.steps.values():
        assert (step.requirements.memory_mb, step.timeout_seconds, step.retries) == (9000, 5400, 1)


@pytest.mark.parametrize(
    ("settings", "more", "field", "says"),
    [
        ({}, {}, "simulations", "the scene has no simulation that can be baked"),
        ({"simulations": []}, {"scene": SIMULATED}, "simulations", "no simulation that can be baked"),
        ({}, {"scene": {"simulations": None}}, "simulations", "must be given"),
        ({"simulations": "cloth:Flga:Cloth"}, {"scene": SIMULATED}, "simulations", "no simulation 'cloth:Flga:Cloth'"),
        ({"simulations": "cloth"}, {"scene": SIMULATED}, "simulations", "write it like cloth:Flag:Cloth"),
        ({"frames": "x"}, {"scene": SIMULATED}, "frames", "cannot be read"),
    ],
)
def test_bad_settings_are_named(settings: dict[str, Any], more: dict[str, Any], field: str, says: str) -> None:
    named, sentence = refusal("bake", settings, **more)
    assert named == f"settings.{field}"
    assert says in sentence


def test_a_job_without_a_blend_cannot_bake() -> None:
    _, sentence = refusal("bake", {"frames": "1", "simulations": KEYS}, blend="", files=["a"])
    assert sentence == "this job type needs a .blend file, and the job has none"
