"""Frame rates, and which encoder is asked for what."""

from __future__ import annotations

from fractions import Fraction

import pytest
from flamenco_worker.commands.ffmpeg_codecs import choose, exact
from flamenco_worker.errors import CommandFailed

ALL = frozenset({"libx264", "libx264rgb", "prores_ks", "libvpx-vp9", "libsvtav1", "libaom-av1", "librav1e"})


@pytest.mark.parametrize(
    ("fps", "meant"),
    [
        (24, "24"), (25.0, "25"), (23.976, "24000/1001"), (23.98, "24000/1001"), (24 / 1.001, "24000/1001"),
        (29.97, "30000/1001"), (59.94, "60000/1001"), (119.88, "120000/1001"), (12.5, "25/2"), (0.5, "1/2"),
        (1000 / 60, "50/3"), (60, "60"), (240, "240"),
    ],
)  # fmt: skip
def test_a_frame_rate_is_the_fraction_that_is_meant(fps: float, meant: str) -> None:
    assert exact(fps) == Fraction(meant)


@pytest.mark.parametrize("fps", [0, -24, float("nan"), float("inf"), 1e9])
def test_no_frame_rate_is_told(fps: float) -> None:
    with pytest.raises(CommandFailed, match="is not a frame rate"):
        exact(fps)


@pytest.mark.parametrize(
    ("codec", "quality", "suffix", "says"),
    [
        ("h265", "high", ".mp4", "there is no codec 'h265': it is one of h264, prores, vp9, av1"),
        ("h264", "best", ".mp4", "there is no quality 'best': it is one of low, medium, high, lossless"),
        ("prores", "high", ".mp4", "prores video needs a file named .mov or .mkv, not .mp4"),
        ("vp9", "high", "", "vp9 video needs a file named .webm or .mp4 or .mkv, not without a suffix"),
    ],
)
def test_what_cannot_be_is_told(codec: str, quality: str, suffix: str, says: str) -> None:
    with pytest.raises(CommandFailed) as error:
        choose(codec, quality, suffix, 1080, ALL)
    assert str(error.value) == says


def test_an_encoder_that_is_missing_is_named_and_the_next_best_is_taken_before() -> None:
    assert choose("av1", "high", ".mp4", 1080, ALL).name == "libsvtav1"
    assert choose("av1", "high", ".mp4", 1080, ALL - {"libsvtav1"}).name == "libaom-av1"
    assert choose("av1", "high", ".mp4", 1080, frozenset({"librav1e"})).name == "librav1e"
    with pytest.raises(CommandFailed, match="it has no libsvtav1 nor libaom-av1 nor librav1e"):
        choose("av1", "high", ".mp4", 1080, frozenset({"libx264"}))
    with pytest.raises(CommandFailed, match="this machine's ffmpeg cannot write h264: it has no libx264"):
        choose("h264", "high", ".mp4", 1080, frozenset())


def test_pictures_too_small_for_one_encoder_go_to_another() -> None:
    assert choose("av1", "high", ".mp4", 40, ALL).name == "libaom-av1"


def test_lossless_keeps_rgb_but_for_prores() -> None:
    chosen = {codec: choose(codec, "lossless", ".mkv", 1080, ALL) for codec in ("h264", "prores", "vp9", "av1")}
    assert {codec: encoder.rgb for codec, encoder in chosen.items()} == {
        "h264": True, "prores": False, "vp9": True, "av1": True,
    }  # fmt: skip
