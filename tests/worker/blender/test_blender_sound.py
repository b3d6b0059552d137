"""The scene's sound comes out as long as its frames."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import imageio_ffmpeg
import pytest
from blender_bench import Bench
from flamenco_common.commands import BlenderMixdown
from flamenco_worker.errors import CommandFailed
from scenes import BLENDERS

pytestmark = pytest.mark.real
VERSIONS = pytest.mark.parametrize("version", BLENDERS)


def samples_and_loudness(file: Path) -> tuple[int, float]:
    """Samples of a channel, and the loudest in dB, by decoding."""
    ffmpeg = shutil.which("ffmpeg") or imageio_ffmpeg.get_ffmpeg_exe()
    filters = "pan=mono|c0=c0,volumedetect"
    command = [ffmpeg, "-hide_banner", "-nostdin", "-i", str(file), "-af", filters, "-f", "null", "-"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    samples, loudest = (re.search(pattern, text) for pattern in (r"n_samples: (\d+)", r"max_volume: (-?[\d.]+)"))
    assert samples and loudest, text
    return int(samples[1]), float(loudest[1])


@VERSIONS
@pytest.mark.parametrize("suffix", ["flac", "wav"])
def test_sound_is_exact_in_length(bench: Bench, version: str, suffix: str) -> None:
    scene = bench.scene("edit", version)
    for frames, fps, samples in (
        ("1-24", 24, 48000),
        ("7-18", 24, 24000),
        ("1-10", 23.976, round(10 / 23.976 * 48000)),
    ):
        command = BlenderMixdown(**scene, frames=frames, output=bench.frames(f"a.{suffix}"), overrides={"fps": fps})
        kept = bench.run(command)
        assert [(made.path, made.kind) for made in kept.made] == [(f"a.{suffix}", "audio")]
        found, loudest = samples_and_loudness(bench.output / f"a.{suffix}")
        assert abs(found - samples) <= 1
        assert -20 < loudest < -5


def test_a_scene_without_sound_writes_nothing(bench: Bench) -> None:
    kept = bench.run(BlenderMixdown(**bench.scene("workbench", "4.5"), frames="1-4", output=bench.frames("a.flac")))
    assert kept.made == []
    assert "the scene has no sound" in kept.lines


def test_sound_is_lossless(bench: Bench) -> None:
    with pytest.raises(CommandFailed, match=r"not to \.mp3"):
        bench.run(BlenderMixdown(**bench.scene("edit", "4.5"), frames="1-4", output=bench.frames("a.mp3")))
