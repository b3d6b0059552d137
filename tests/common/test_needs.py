"""What tasks need of the files that they could have."""

from __future__ import annotations

import pytest
from flamenco_common.commands import (
    BlenderRender,
    Command,
    CopyFiles,
    Exec,
    FfmpegConcat,
    FfmpegEncode,
    FileSet,
)
from flamenco_common.documents import TaskFile
from flamenco_common.needs import needed

FILES = [
    TaskFile("shot.blend", "a", 1),
    TaskFile("music.wav", "b", 1),
    *(TaskFile(f"frames/{frame:04}.png", "c", 1, "output", "frames", frame) for frame in range(1, 5)),
    TaskFile("frames/extra.exr", "d", 1, "output", "frames"),
    TaskFile("sound.flac", "e", 1, "output", "sound"),
]
FRAMES = FileSet(step="frames", pattern="*.png")


def encode(frames: str = "", hold: bool = False, sound: FileSet | None = None, inputs: FileSet = FRAMES) -> Command:
    """An encoding of frames."""
    return FfmpegEncode(inputs=inputs, output="{output}/v.mp4", fps=24, frames=frames, hold_missing=hold, sound=sound)


@pytest.mark.parametrize(
    ("commands", "names"),
    [
        ([encode("2-3")], "0002.png 0003.png"),
        ([encode("2-3", hold=True)], "0001.png 0002.png 0003.png 0004.png"),
        ([encode("2-3", inputs=FileSet(step="frames"))], "0002.png 0003.png extra.exr"),
        ([encode("1", sound=FileSet(step="sound"))], "0001.png sound.flac"),
        ([encode("1", sound=FileSet(paths=["{job}//music.wav"]))], "music.wav 0001.png"),
        ([encode("1"), encode("4")], "0001.png 0004.png"),
        ([FfmpegConcat(inputs=FileSet(step="sound"), output="v", frame_count=1, fps=1)], "sound.flac"),
    ],
)
def test_a_command_that_names_its_files_needs_no_others(commands: list[Command], names: str) -> None:
    assert [file.path.rsplit("/", 1)[-1] for file in needed(commands, FILES)] == names.split()


@pytest.mark.parametrize(
    "commands",
    [
        [BlenderRender(blend="{job}/shot.blend", frames="1", output="{output}/####")],
        [encode("1"), Exec(program="convert")],
        [encode("1", sound=FileSet(paths=["{sounds}/music.wav"]))],
        [
            CopyFiles(inputs=FileSet(paths=["{job}/music.wav"]), target="{output}")
        ],  # all tasks of such a step share one list
        [encode("9")],
        [],
    ],
)
def test_otherwise_it_may_need_all(commands: list[Command]) -> None:
    assert needed(commands, FILES) == FILES
