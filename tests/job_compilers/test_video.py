"""The job type `video`: of pictures, of an edit, of rendered frames."""

from __future__ import annotations

from typing import Any

import pytest
from compiled_jobs import Compiled, compile_with, refusal
from flamenco_common.commands import FfmpegConcat, FfmpegEncode, FileSet
from flamenco_common.frames import Frames

EDIT = {"has_sequencer": True, "has_sound": True, "frame_range": "1-130"}
SHOT = [f"shot/take_2_{number:04}.png" for number in (1, 2, 3)]


def of_pictures(files: list[str], **settings: Any) -> Compiled:
    return compile_with("video", {"fps": 24, **settings}, blend="", files=files)


# ---- of pictures ----


def test_pictures_are_encoded_in_the_order_of_their_frames() -> None:
    job = of_pictures([*reversed(SHOT), "shot/notes.txt", "music.wav"])
    assert job.waits == {"video": []}
    assert job["video"].requirements.kinds == ["ffmpeg"]
    assert job.command("video") == FfmpegEncode(
        inputs=FileSet(paths=[f"/j/{path}" for path in SHOT]), output="/o/shot.mp4", fps=24.0, frames="1-3"
    )


@pytest.mark.parametrize(
    ("files", "frames"),
    [
        (["9.png", "10.png", "11.png"], "9-11"),
        (["a0100.exr", "a0101.exr"], "100-101"),
        (["shot-0001.png", "shot-0002.png"], "1-2"),
        (["-0002.png", "-0001.png"], "-2--1"),
        (["x1_final.jpg", "x2_final.jpg"], "1-2"),
        (["v2.0001.EXR"], "1"),
    ],
)
def test_a_frames_number_is_the_last_in_its_name(files: list[str], frames: str) -> None:
    assert of_pictures(files).command("video").frames == frames


def test_some_of_the_pictures() -> None:
    command = of_pictures(SHOT, frames="1-3x2").command("video")
    assert (command.inputs.paths, command.frames) == ([f"/j/{SHOT[0]}", f"/j/{SHOT[2]}"], "1,3")


def test_a_gap_is_an_error_that_names_the_frames_unless_the_last_picture_is_held() -> None:
    files = [f"{number}.png" for number in (1, 2, 6, 8)]
    settings = {"fps": 24}
    field, sentence = refusal("video", settings, blend="", files=files)
    assert (field, sentence) == (
        "settings.frames",
        "there are no pictures of the frames 3-5,7; hold_missing repeats the last one",
    )
    command = of_pictures(files, hold_missing=True).command("video")
    assert (command.hold_missing, command.frames, len(command.inputs.paths)) == (True, "1-8", 4)
    assert refusal("video", {**settings, "frames": "20-30", "hold_missing": True}, blend="", files=files)[0] == (
        "settings.frames"
    )


def test_one_of_several_sequences_is_chosen_by_name_or_by_pattern() -> None:
    files = [*SHOT, "shot/take_2_b0001.png", "other/0001.jpg"]
    field, sentence = refusal("video", {"fps": 24}, blend="", files=files)
    assert field == "settings.pictures"
    assert sentence == (
        "the job has 3 sequences of pictures, say which: other/*.jpg, shot/take_2_*.png, shot/take_2_b*.png"
    )
    assert len(of_pictures(files, pictures="shot/take_2_*.png").command("video").inputs.paths) == 3
    assert of_pictures(files, pictures="*.jpg").command("video").inputs.paths == ["/j/other/0001.jpg"]


def test_a_sound_file_of_the_job_lies_beneath() -> None:
    command = of_pictures([*SHOT, "sound/music.wav"], sound="sound/music.wav").command("video")
    assert command.sound == FileSet(paths=["/j/sound/music.wav"])


@pytest.mark.parametrize(
    ("codec", "file"), [("h264", "shot.mp4"), ("prores", "shot.mov"), ("vp9", "shot.webm"), ("av1", "shot.mp4")]
)
@pytest.mark.parametrize("source", ["pictures", "sequencer", "render"])
def test_codec_and_quality_reach_the_video_of_every_source(codec: str, file: str, source: str) -> None:
    settings = {"codec": codec, "quality": "low", "source": source}
    if source == "pictures":
        job = of_pictures(SHOT, **settings)
    else:
        job = compile_with("video", settings, scene={**EDIT, "has_sequencer": source == "sequencer"})
    assert job.command("video").output == f"/o/{file}"
    encoded = job.commands("chunks" if source == "sequencer" else "video")
    assert {(command.codec, command.quality) for command in encoded} == {(codec, "low")}


# ---- of an edit ----


def test_an_edit_is_rendered_and_encoded_in_chunks_and_joined_with_its_sound() -> None:
    job = compile_with("video", scene=EDIT)
    assert job.waits == {
        "frames": [], "chunks": ["frames"], "sound": [], "video": ["chunks", "sound"],
    }  # fmt: skip
    renders, encodes = job.commands("frames"), job.commands("chunks")
    assert [render.frames for render in renders] == ["1-60", "61-120", "121-130"]
    assert {(render.sequencer, render.format) for render in renders} == {(True, "PNG")}
    assert [encode.frames for encode in encodes] == [render.frames for render in renders]
    assert [encode.output for encode in encodes] == [f"/o/chunks/{number:05}.mp4" for number in (1, 2, 3)]
    assert all(encode.inputs == FileSet(step="frames", pattern="frames/*") for encode in encodes)
    assert job.command("sound").frames == "1-130"
    assert job.command("video") == FfmpegConcat(
        inputs=FileSet(step="chunks"), output="/o/shot.mp4", frame_count=130, fps=24.0, sound=FileSet(step="sound")
    )


@pytest.mark.parametrize("size", [1, 7, 60, 1000])
def test_chunks_are_every_frame_once(size: int) -> None:
    job = compile_with("video", {"chunk_size": size, "frames": "3-120"}, scene=EDIT)
    frames = [number for encode in job.commands("chunks") for number in Frames.parse(encode.frames)]
    assert frames == list(range(3, 121))
    assert job.command("video").frame_count == 118
    outputs = [encode.output for encode in job.commands("chunks")]
    assert outputs == sorted(outputs)


def test_an_edit_without_sound_or_made_silent_waits_for_none() -> None:
    for settings, scene in (({}, {**EDIT, "has_sound": False}), ({"silent": True}, EDIT)):
        job = compile_with("video", settings, scene=scene)
        assert job.names == ["frames", "chunks", "video"]
        assert job.command("video").sound is None


def test_a_sound_file_stands_in_for_the_edits_own() -> None:
    job = compile_with("video", {"sound": "mix.flac"}, scene=EDIT, files=["set/shot.blend", "mix.flac"])
    assert job.command("video").sound == FileSet(paths=["/j/mix.flac"])
    assert "sound" not in job.names


def test_an_edit_with_gaps_in_its_frames_has_no_sound() -> None:
    assert refusal("video", {"frames": "1-9x2"}, scene=EDIT) == (
        "settings.frames",
        "the scene's sound needs frames without gaps; silent leaves it out",
    )
    job = compile_with("video", {"frames": "1-9x2", "silent": True}, scene=EDIT)
    assert job.command("video").frame_count == 5


# ---- of rendered frames ----


def test_a_scene_without_an_edit_is_rendered_for_its_video() -> None:
    job = compile_with("video", {"frames": "1-3"}, scene={"has_sound": True, "format": "FFMPEG"})
    assert job.waits == {"frames": [], "sound": [], "video": ["frames", "sound"]}
    assert [(render.frames, render.format, render.sequencer) for render in job.commands("frames")] == [
        ("1", "PNG", False), ("2", "PNG", False), ("3", "PNG", False),
    ]  # fmt: skip
    assert job.command("video") == FfmpegEncode(
        inputs=FileSet(step="frames", pattern="frames/*"),
        output="/o/shot.mp4",
        fps=24.0,
        frames="1-3",
        sound=FileSet(step="sound"),
    )


def test_a_source_that_is_chosen_wins_over_what_there_is() -> None:
    assert "chunks" not in compile_with("video", {"source": "render"}, scene=EDIT).names
    job = compile_with("video", {"source": "pictures", "fps": 24}, files=["set/shot.blend", "a/1.png", "a/2.png"],
                       scene={"frame_range": None})  # fmt: skip
    assert job.names == ["video"]
    assert job.command("video").frames == "1-2"


@pytest.mark.parametrize(
    ("settings", "more", "field", "says"),
    [
        ({}, {"blend": "", "files": SHOT}, "fps", "'fps' must be given"),
        ({"fps": 24}, {"blend": "", "files": ["a.txt"]}, "pictures", "no pictures with frame numbers"),
        ({"fps": 24}, {"blend": "", "files": ["logo.png"]}, "pictures", "no pictures with frame numbers"),
        ({"fps": 24, "pictures": "*.exr"}, {"blend": "", "files": SHOT}, "pictures", "no pictures like *.exr"),
        ({"fps": 24}, {"blend": "", "files": ["1.png", "01.png"]}, "pictures", "frame 1 is there twice: 1.png and 01"),
        ({"fps": 24, "frames": "2-4"}, {"blend": "", "files": SHOT}, "frames", "no pictures of the frames 4;"),
        ({"fps": 24, "sound": "a.wav"}, {"blend": "", "files": SHOT}, "sound", "the job has no file 'a.wav'"),
        ({"fps": 24, "sound": SHOT[0]}, {"blend": "", "files": SHOT}, "sound", "is no sound file"),
        ({"fps": 24, "source": "render"}, {"blend": "", "files": SHOT}, "source", "the job has no .blend file"),
        ({"source": "sequencer"}, {}, "source", "no edit in its sequencer"),
        ({"source": "film"}, {}, "source", "must be one of auto"),
        ({}, {"scene": {"frame_range": None}}, "frames", "must be given"),
        ({"frames": " "}, {"scene": EDIT}, "frames", "must be given"),
        ({"silent": True, "sound": "a.wav"}, {"files": ["a.wav"]}, "silent", "give one of them"),
        ({"hold_missing": True}, {"scene": EDIT}, "hold_missing", "this one is of the sequencer's edit"),
        ({"pictures": "*.png"}, {}, "pictures", "this one is of rendered frames"),
        ({"quality": "best"}, {}, "quality", "must be one of low, medium, high, lossless"),
    ],
)
def test_bad_settings_are_named(settings: dict[str, Any], more: dict[str, Any], field: str, says: str) -> None:
    named, sentence = refusal("video", settings, **more)
    assert named == f"settings.{field}"
    assert says in sentence
