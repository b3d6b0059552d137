"""What job compilers are written with: settings that are checked, steps that are whole."""

from __future__ import annotations

from dataclasses import dataclass, make_dataclass
from typing import Any

import pytest
from flamenco_common.authoring import (
    BadSetting,
    Frames,
    JobBuilder,
    Scene,
    Task,
    blender,
    declared,
    ffmpeg,
    files,
    setting,
    settings_from,
    type_name,
)
from flamenco_common.commands import FileSet
from hypothesis import given
from hypothesis import strategies as st


@dataclass(frozen=True)
class Settings:
    frames: Frames = setting(source=Scene.FRAME_RANGE)
    count: int = setting(3, minimum=1, maximum=9)
    rate: float = setting(24.0, source=Scene.FPS, minimum=0.5)
    codec: str = setting("h264", choices=("h264", "vp9"))
    loud: bool = setting(False)
    layers: tuple[str, ...] = setting(())
    some: Frames = setting(Frames(()))


SCENE = {"frame_range": "1-10", "fps": 25}


def made(**given_settings: Any) -> Settings:
    found = settings_from(Settings, given_settings, SCENE)
    assert isinstance(found, Settings)
    return found


def test_values_come_from_what_is_given_then_the_scene_then_the_default() -> None:
    assert made() == Settings(frames=Frames.parse("1-10"), rate=25.0)
    assert made(frames="3", rate=30) == Settings(frames=Frames.parse("3"), rate=30.0)
    assert settings_from(Settings, {"frames": 5}, {}).rate == 24.0
    assert settings_from(Settings, {"frames": 5}, {}).frames == Frames((5,))


def test_a_scene_value_of_none_is_no_value() -> None:
    assert settings_from(Settings, {"frames": "1"}, {"fps": None}).rate == 24.0


def test_lists_may_be_written_with_commas() -> None:
    assert made(layers="A, B ,").layers == ("A", "B")
    assert made(layers=["A, B"]).layers == ("A, B",)


def test_an_empty_frame_list_is_not_given_where_there_is_a_default() -> None:
    assert made(some="  ").some == Frames(())
    with pytest.raises(BadSetting, match="cannot be read"):
        made(frames="")


@pytest.mark.parametrize(
    ("given_settings", "name", "says"),
    [
        ({"fremas": "1"}, "fremas", "there is no setting 'fremas'; the settings are codec, count, frames"),
        ({"count": 0}, "count", "count is 0; it must be at least 1"),
        ({"count": 10}, "count", "count is 10; it must be at most 9"),
        ({"count": 2.5}, "count", "count is 2.5; it must be a whole number"),
        ({"count": True}, "count", "it must be a whole number"),
        ({"count": "2"}, "count", "it must be a whole number"),
        ({"rate": "fast"}, "rate", "it must be a number"),
        ({"rate": 0.1}, "rate", "at least 0.5"),
        ({"codec": "mpeg"}, "codec", "codec is 'mpeg'; it must be one of h264, vp9"),
        ({"codec": 5}, "codec", "it must be text"),
        ({"loud": "yes"}, "loud", "it must be true or false"),
        ({"loud": 1}, "loud", "it must be true or false"),
        ({"layers": [1]}, "layers", "must be a list of texts"),
        ({"layers": {"a": 1}}, "layers", "must be a list of texts"),
        ({"frames": "1-"}, "frames", "cannot be read"),
        ({"frames": [1, 2]}, "frames", "must be a frame list"),
        ({"frames": None}, "frames", "must be a frame list"),
    ],
)
def test_a_bad_setting_is_named_in_one_sentence(given_settings: dict[str, Any], name: str, says: str) -> None:
    with pytest.raises(BadSetting, match=says) as caught:
        made(**given_settings)
    assert caught.value.name == name
    assert "\n" not in str(caught.value)


def test_a_setting_without_any_value_must_be_given() -> None:
    with pytest.raises(BadSetting, match="'frames' must be given") as caught:
        settings_from(Settings, {}, {})
    assert caught.value.name == "frames"


def test_types_are_told_whether_annotations_are_texts_or_not() -> None:
    kinds = {"a": int, "b": Frames, "c": tuple[str, ...], "d": bool}
    plain = make_dataclass("Plain", [(name, kind, setting()) for name, kind in kinds.items()], frozen=True)
    assert [type_name(entry) for entry, _ in declared(plain).values()] == ["int", "frames", "list", "bool"]
    texts = [type_name(entry) for entry, _ in declared(Settings).values()]
    assert texts == ["frames", "int", "float", "str", "bool", "list", "frames"]
    found = settings_from(plain, {"a": 1, "b": "1-2", "c": "x,y", "d": True}, {})
    assert (found.b, found.c) == (Frames((1, 2)), ("x", "y"))


# ---- steps ----


def job(**more: Any) -> JobBuilder:
    return JobBuilder(**{"blend": "{job}/a.blend", "name": "a", "scene": SCENE, **more})


def test_a_step_has_the_tasks_and_the_needs_of_its_commands() -> None:
    builder = job()
    render = builder.step("render", blender.render(frames=Task.frames, output="o"), tasks=Frames.parse("1-5").chunks(2))
    both = [
        ffmpeg.encode(render.outputs, fps=Scene.FPS, output="v"),
        files.copy(render.outputs_like("*.png"), target="t"),
    ]
    video = builder.step("video", both, after=render, retries=0, timeout_seconds=5, memory_mb=7, gpu=True)
    assert render.tasks == [{"frames": "1-2"}, {"frames": "3-4"}, {"frames": "5"}]
    assert render.requirements.kinds == ["blender"]
    assert (video.after, video.tasks, video.retries, video.timeout_seconds) == (("render",), [{}], 0, 5)
    assert video.requirements.kinds == ["ffmpeg", "files"]
    assert (video.requirements.memory_mb, video.requirements.gpu) == (7, True)
    assert video.template[0]["fps"] == 25
    assert video.template[1]["inputs"] == {"step": "render", "pattern": "*.png"}
    assert render.outputs == FileSet(step="render")


def test_blender_commands_get_the_jobs_file_and_render_settings() -> None:
    builder = job(preset={"samples": 4, "device": "GPU"}, allow_missing=True, allow_scripts=True)
    step = builder.step("r", blender.render("1", output="o", overrides={"samples": 8}, blend="{job}/b.blend"))
    other = builder.step("e", ffmpeg.encode({"paths": ["a"]}, fps=1, output="v"))
    (document,) = step.template
    assert document["overrides"] == {"samples": 8, "device": "GPU"}
    assert (document["blend"], document["allow_missing"], document["allow_scripts"]) == ("{job}/b.blend", True, True)
    assert "blend" not in other.template[0]


def test_any_parameter_of_a_task_can_stand_in_a_template() -> None:
    step = job().step(
        "c", files.copy({"paths": [Task["path"]]}, target=Task.output), tasks=[{"path": "a", "output": "b"}]
    )
    assert step.template == [
        {"command": "files.copy", "inputs": {"paths": [{"$task": "path"}]}, "target": {"$task": "output"}}
    ]


def test_mistakes_of_a_compiler_are_told() -> None:
    builder = job()
    builder.step("a", files.copy({"paths": []}, target="t"))
    with pytest.raises(BadSetting, match="two steps named 'a'"):
        builder.step("a", files.copy({"paths": []}, target="t"))
    with pytest.raises(BadSetting, match="'b' would have no tasks"):
        builder.step("b", files.copy({"paths": []}, target="t"), tasks=[])
    with pytest.raises(BadSetting, match="the scene does not tell its frame"):
        builder.value(Scene.FRAME)
    with pytest.raises(BadSetting, match="the job has none"):
        job(blend="").step("r", blender.render("1", output="o"))
    with pytest.raises(AttributeError, match=r"no command blender\.dance"):
        blender.dance()
    with pytest.raises(TypeError, match="one positional argument"):
        blender.render("1", "2")


# ---- the scene, once render settings are overridden ----


@given(st.integers(4, 8192), st.integers(4, 8192), st.integers(1, 200), st.none() | st.integers(1, 200))
def test_pixels_are_cut_off_as_blender_does(x: int, y: int, percentage: int, override: int | None) -> None:
    scene = {
        "resolution_x": x, "resolution_y": y, "resolution_percentage": percentage,
        "width": max(1, x * percentage // 100), "height": max(1, y * percentage // 100),
    }  # fmt: skip
    used = override or percentage
    builder = job(scene=scene, preset={"resolution_percentage": override} if override else {})
    assert builder.value(Scene.WIDTH) == max(1, int(x * used / 100))
    assert builder.value(Scene.HEIGHT) == max(1, y * used // 100)


def test_overridden_settings_count_for_the_scene_of_a_job() -> None:
    preset = {"resolution_x": 800, "fps": 30, "samples": 7, "engine": "CYCLES", "format": "JPEG", "color_depth": "16"}
    scene = {"width": 960, "height": 540, "resolution_percentage": 50, "resolution_x": 1920, "resolution_y": 1080}
    builder = job(scene=scene, preset=preset)
    sources = (Scene.WIDTH, Scene.HEIGHT, Scene.FPS, Scene.SAMPLES, Scene.ENGINE, Scene.FORMAT, Scene.COLOR_DEPTH)
    assert [builder.value(source) for source in sources] == [400, 540, 30.0, 7, "CYCLES", "JPEG", "16"]


def test_a_scene_that_tells_no_percentage_is_at_its_full_size() -> None:
    builder = job(scene={"width": 200, "height": 100}, preset={"resolution_percentage": 25})
    assert (builder.value(Scene.WIDTH), builder.value(Scene.HEIGHT)) == (50, 25)
