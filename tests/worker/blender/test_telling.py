"""The line that says why Blender failed is found among all that it prints."""

from __future__ import annotations

import pytest
from flamenco_worker.commands.blender_render import Unit, fraction_of, frames_of, safe_name, stretches, with_number
from flamenco_worker.errors import CommandFailed, MachineFault
from flamenco_worker.execute import telling

NOISE = [
    "Read blend: /job/shot.blend",
    "EGL Error (0x300C): EGL_BAD_PARAMETER",
    "Fra:1 Mem:8.96M (Peak 10.24M) | Time:00:00.00 | Scene, ViewLayer | Sample 1/8",
    "Saved: '/scratch/1/f0001.png'",
]


@pytest.mark.parametrize(
    "said",
    [
        "Cannot find lib '/job/props.blend'",
        "Cannot render, no camera",
        "Render error (No space left on device) cannot save: '/scratch/1/f0001.png'",
        "System is out of GPU memory",
        "Calloc returns null: len=400000000 in CreateBuffer",
        "Illegal address in CUDA queue cuCtxSynchronize()",
        "RuntimeError: Build without OpenImageDenoiser",
        "Engine 'LUXCORE' not found for scene 'Scene' (an add-on may need to be installed or enabled)",
    ],
)
def test_the_telling_line_is_found_in_the_noise(said: str) -> None:
    assert telling.line([*NOISE, said, *NOISE]) == said
    assert telling.line(NOISE) == ""


def test_a_full_disk_is_the_machines_fault_whatever_blender_says() -> None:
    full = "Failed to write pixel data to image file '/scratch/f0001.exr'. (No space left on device)"
    assert telling.of_machine([*NOISE, full]) == full
    assert telling.of_machine(NOISE) == ""
    assert isinstance(telling.failure("blender", "Rendering failed", [*NOISE, full]), MachineFault)
    assert isinstance(telling.failure("problem", "the scene has no camera", [*NOISE]), CommandFailed)


def test_a_reason_is_told_once() -> None:
    assert str(telling.failure("blender", "Cannot render, no camera", ["Error: Cannot render, no camera"])) == (
        "Cannot render, no camera"
    )
    told = telling.failure("blender", "Rendering failed", ["Error: cannot save: '/x.png'"])
    assert str(told) == "Rendering failed: cannot save: '/x.png'"


@pytest.mark.parametrize(
    ("text", "fraction"),
    [
        ("Fra:1 Mem:8M | Scene, ViewLayer | Sample 2/8", 0.25),
        ("Rendered 3/16 Tiles, Sample 4/8", 3.5 / 16),
        ("Rendered 16/16 Tiles", 1.0),
        ("Rendering 16 / 64 samples", 0.25),
        ("Updating Scene BVH | Building", 0.0),
    ],
)
def test_progress_is_read_from_what_renderers_say(text: str, fraction: float) -> None:
    assert fraction_of(text) == pytest.approx(fraction)


def test_numbers_fill_the_last_hashes() -> None:
    assert with_number("a##/b_####_c", 7) == "a##/b_0007_c"
    assert with_number("####", -3) == "-0003"
    assert with_number("##", 12345) == "12345"
    assert with_number("still", 9) == "still"


def test_names_and_frames_from_outside_are_tamed() -> None:
    assert safe_name("../Layer 1/é") == "_._Layer_1_é"
    assert safe_name("..") == "__"
    with pytest.raises(CommandFailed, match="cannot be read"):
        frames_of("one,two")


def test_frames_that_follow_one_another_are_joined() -> None:
    joined = stretches(Unit(frame) for frame in (-2, -1, 0, 1, 2, 5, 7, 8, *range(100, 120)))
    assert [(group[0].frame, group[-1].frame) for group in joined] == [
        (-2, -2), (-1, -1), (0, 2), (5, 5), (7, 8), (100, 115), (116, 119)
    ]  # fmt: skip
