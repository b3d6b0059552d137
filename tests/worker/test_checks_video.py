"""Videos and sounds are judged by decoding them to the end, by both kinds of ffmpeg."""

from __future__ import annotations

import io
import subprocess
from fractions import Fraction
from pathlib import Path

import imageio_ffmpeg
import pytest
from flamenco_worker.checks.files import check, thumbnail
from flamenco_worker.errors import BadOutput, CommandFailed
from flamenco_worker.media.ffmpeg import Ffmpeg, plain
from PIL import Image

pytestmark = pytest.mark.real


@pytest.fixture(params=["debian", "wheel"])
def ffmpeg(request: pytest.FixtureRequest) -> str:
    """Each of the two."""
    return "/usr/bin/ffmpeg" if request.param == "debian" else str(imageio_ffmpeg.get_ffmpeg_exe())


def film(ffmpeg: str, file: Path, *more: str) -> Path:
    """Two seconds of a test picture with sound."""
    made = ["-f", "lavfi", "-i", "testsrc=size=320x180:rate=25:duration=2", "-f", "lavfi", "-i", "sine=440:duration=2"]
    subprocess.run([ffmpeg, "-v", "error", "-y", *made, *more, str(file)], check=True)
    return file


def cut(file: Path, part: float) -> Path:
    """A copy of a file that was cut off."""
    shorter = file.with_name(f"cut{file.suffix}")
    shorter.write_bytes(file.read_bytes()[: int(file.stat().st_size * part)])
    return shorter


def test_a_video_is_measured_by_what_comes_out_of_it(ffmpeg: str, tmp_path: Path) -> None:
    file = film(ffmpeg, tmp_path / "a.mp4")
    measured = Ffmpeg(ffmpeg).measure(file)
    assert (measured.frames, measured.seconds, measured.width, measured.height) == (50, 2, 320, 180)
    assert measured.even
    assert abs(measured.sound_seconds - 2) < Fraction(1, 20)
    checked = check(file, "video", 320, 180, ffmpeg=ffmpeg, with_thumbnail=True)
    assert Image.open(io.BytesIO(checked.thumbnail or b"")).size == (320, 180)
    with pytest.raises(BadOutput, match="320x180 pixels, but 640x360"):
        check(file, "video", 640, 360, ffmpeg=ffmpeg)


@pytest.mark.parametrize(("suffix", "arguments"), [(".mp4", []), (".mp4", ["-movflags", "+faststart"]), (".mov", [])])
def test_a_video_that_is_cut_off_is_found_out(ffmpeg: str, tmp_path: Path, suffix: str, arguments: list[str]) -> None:
    file = film(ffmpeg, tmp_path / f"a{suffix}", "-c:v", "libx264", *arguments)
    with pytest.raises(BadOutput, match="does not decode"):
        check(cut(file, 0.6), "video", ffmpeg=ffmpeg)


def test_a_sound_must_have_sound_in_it(ffmpeg: str, tmp_path: Path) -> None:
    check(film(ffmpeg, tmp_path / "a.flac", "-vn"), "audio", ffmpeg=ffmpeg)
    silent = film(ffmpeg, tmp_path / "silent.mp4", "-an")
    with pytest.raises(BadOutput, match="has no sound in it"):
        check(silent, "audio", ffmpeg=ffmpeg)
    with pytest.raises(BadOutput, match="has no picture in it"):
        check(film(ffmpeg, tmp_path / "b.flac", "-vn"), "video", ffmpeg=ffmpeg)


def test_the_thumbnail_of_a_video_is_its_first_frame(ffmpeg: str, tmp_path: Path) -> None:
    red = ["-f", "lavfi", "-i", "color=red:size=64x48:rate=25:duration=1"]
    blue = ["-f", "lavfi", "-i", "color=blue:size=64x48:rate=25:duration=1", "-filter_complex", "concat"]
    subprocess.run([ffmpeg, "-v", "error", *red, *blue, str(tmp_path / "a.mp4")], check=True)
    pixel = Image.open(io.BytesIO(thumbnail(tmp_path / "a.mp4", ffmpeg) or b"")).getpixel((32, 24))
    assert isinstance(pixel, tuple)
    assert pixel[0] > 200 > 50 > pixel[2]


def test_junk_is_no_video(ffmpeg: str, tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"not a video " * 1000)
    with pytest.raises(BadOutput, match=r"a\.mp4 does not decode"):
        check(tmp_path / "a.mp4", "video", ffmpeg=ffmpeg)
    assert thumbnail(tmp_path / "a.mp4", ffmpeg) is None


def test_an_argument_that_it_does_not_know_is_the_reason(ffmpeg: str) -> None:
    with pytest.raises(CommandFailed, match="Unrecognized option 'no_such_thing'"):
        Ffmpeg(ffmpeg).run(["-no_such_thing", "1", "-i", "x", "y"])


def test_its_lines_are_told_without_addresses() -> None:
    assert plain("[libx264 @ 0x55d30e7b7680] [error] width not divisible by 2") == "libx264: width not divisible by 2"
    assert plain("[error] a.mp4: No such file or directory") == "a.mp4: No such file or directory"
    assert plain("something else") == "something else"
