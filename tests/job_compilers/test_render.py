"""The job type `render`."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

import pytest
from compiled_jobs import compile_with, refusal
from flamenco_common.commands import BlenderRender, FfmpegEncode, FileSet
from flamenco_worker.commands.blender_render import safe_name


def test_a_scene_as_it_is() -> None:
    job = compile_with("render")
    assert job.waits == {"render": [], "preview": ["render"]}
    commands = job.commands("render")
    assert [command.frames for command in commands] == [str(number) for number in range(1, 11)]
    assert commands[0] == BlenderRender(
        blend="/j/set/shot.blend", frames="1", output="/o/frames/####", skip_existing=True
    )
    assert job.command("preview") == FfmpegEncode(
        inputs=FileSet(step="render", pattern="frames/*"), output="/o/preview.mp4", fps=24.0, frames="1-10"
    )


@pytest.mark.parametrize(
    ("frames", "chunk", "tasks"),
    [
        ("1-10", 3, ["1-3", "4-6", "7-9", "10"]),
        ("1-9x2,12,20-22", 4, ["1-7x2", "9,12,20-21", "22"]),
        ("5", 1, ["5"]),
        ("1-10", 10_000, ["1-10"]),
        ("-3-0", 2, ["-3--2", "-1-0"]),
    ],
)
def test_frames_are_split_into_chunks(frames: str, chunk: int, tasks: list[str]) -> None:
    job = compile_with("render", {"frames": frames, "chunk_size": chunk})
    assert [command.frames for command in job.commands("render")] == tasks


def test_a_preview_has_exactly_the_given_frames() -> None:
    assert compile_with("render", {"frames": "20-22,1-9x2,12"}).command("preview").frames == "1-9x2,12,20-22"
    assert compile_with("render", {"frames": "5"}).command("preview").frames == "5"
    assert compile_with("render", {"preview": False}).names == ["render"]


@pytest.mark.parametrize(("codec", "file"), [("h264", "mp4"), ("prores", "mov"), ("vp9", "webm"), ("av1", "mp4")])
def test_a_preview_has_the_suffix_of_its_codec(codec: str, file: str) -> None:
    preview = compile_with("render", {"preview_codec": codec, "fps": 12.5}).command("preview")
    assert (preview.codec, preview.output, preview.fps) == (codec, f"/o/preview.{file}", 12.5)


@pytest.mark.parametrize(
    ("choice", "scene", "overrides", "rendered"),
    [
        ("scene", "PNG", {}, ""),
        ("scene", "OPEN_EXR_MULTILAYER", {}, ""),
        ("scene", "FFMPEG", {}, "PNG"),
        ("scene", "AVI_JPEG", {}, "PNG"),
        ("scene", "PNG", {"format": "FFMPEG"}, "PNG"),
        ("scene", "FFMPEG", {"format": "JPEG"}, ""),
        ("OPEN_EXR", "FFMPEG", {}, "OPEN_EXR"),
    ],
)
def test_pictures_are_rendered_even_where_the_scene_makes_a_movie(
    choice: str, scene: str, overrides: dict[str, Any], rendered: str
) -> None:
    job = compile_with("render", {"format": choice}, scene={"format": scene}, overrides=overrides)
    assert job.commands("render")[0].format == rendered


def test_view_layers_may_have_files_of_their_own_and_the_preview_is_of_the_first() -> None:
    job = compile_with("render", {"split_view_layers": True})
    assert job.commands("render")[0].output == "/o/frames/{layer}/####"
    assert job.command("preview").inputs == FileSet(step="render", pattern="frames/ViewLayer/*")
    job = compile_with("render", {"split_view_layers": True, "view_layers": ["Back/ground"]})
    assert job.commands("render")[0].view_layers == ["Back/ground"]
    assert job.command("preview").inputs == FileSet(step="render", pattern="frames/Back?ground/*")


@pytest.mark.parametrize(
    "layer", ["ViewLayer", "View Layer", "a/b\\c", "[x]*?", "Ebene ü", "v1.2-b_3", "..", "{layer}"]
)
def test_the_preview_finds_the_layers_folder_as_the_worker_names_it(layer: str) -> None:
    job = compile_with("render", {"split_view_layers": True}, scene={"view_layers": [layer, "Other"]})
    pattern = job.command("preview").inputs.pattern
    assert fnmatchcase(f"frames/{safe_name(layer)}/0001.png", pattern)
    assert not fnmatchcase("frames/Other/0001.png", pattern)


@pytest.mark.parametrize(("choice", "value"), [("auto", None), ("on", True), ("off", False)])
def test_the_sequencer_is_as_the_scene_says_or_as_chosen(choice: str, value: bool | None) -> None:
    assert compile_with("render", {"sequencer": choice}).commands("render")[0].sequencer is value


def test_what_a_task_needs() -> None:
    job = compile_with(
        "render", {"gpu": True, "memory_mb": 32000, "timeout_minutes": 5, "retries": 0, "camera": "Close"}
    )
    render = job["render"]
    assert (render.requirements.gpu, render.requirements.memory_mb) == (True, 32000)
    assert (render.timeout_seconds, render.retries) == (300, 0)
    assert not job["preview"].requirements.gpu
    assert job.commands("render")[0].camera == "Close"


def test_the_preview_runs_at_the_overridden_frame_rate() -> None:
    assert compile_with("render", overrides={"fps": 30}).command("preview").fps == 30.0
    assert compile_with("render", {"fps": 60}, overrides={"fps": 30}).command("preview").fps == 60.0


@pytest.mark.parametrize(
    ("settings", "more", "field", "says"),
    [
        ({"frames": "5-1"}, {}, "frames", "counts down"),
        ({}, {"scene": {"frame_range": None}}, "frames", "must be given"),
        ({"chunk_size": 0}, {}, "chunk_size", "at least 1"),
        ({"format": "FFMPEG"}, {}, "format", "must be one of scene, PNG"),
        ({"camera": "Clsoe"}, {}, "camera", "no camera 'Clsoe'; its cameras are Camera, Close"),
        ({"view_layers": "Sky"}, {}, "view_layers", "no view layer 'Sky'; it renders ViewLayer, Back/ground"),
        ({"split_view_layers": True}, {"scene": {"view_layers": []}}, "split_view_layers", "renders no view layer"),
        ({"preview_codec": "divx"}, {}, "preview_codec", "must be one of h264"),
        ({"fps": 0}, {}, "fps", "at least 0.01"),
        ({"samples": 4}, {}, "samples", "there is no setting 'samples'"),
    ],
)
def test_bad_settings_are_named(settings: dict[str, Any], more: dict[str, Any], field: str, says: str) -> None:
    named, sentence = refusal("render", settings, **more)
    assert named == f"settings.{field}"
    assert says in sentence


def test_a_job_without_a_blend_cannot_render() -> None:
    _, sentence = refusal("render", {"frames": "1"}, blend="", files=["a.png"])
    assert sentence == "this job type needs a .blend file, and the job has none"
