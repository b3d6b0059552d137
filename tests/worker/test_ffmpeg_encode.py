"""Pictures to video with real ffmpegs: every frame there, once, in its place, in its colours."""

from __future__ import annotations

import re
import shutil
import subprocess
import threading
from fractions import Fraction
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
from exr_files import layered, save
from flamenco_common.commands import FfmpegConcat, FfmpegEncode, FileSet
from flamenco_common.documents import TaskFile
from flamenco_worker.commands.base import CommandContext
from flamenco_worker.commands.ffmpeg import concat, encode
from flamenco_worker.errors import Cancelled, CommandFailed
from flamenco_worker.media.ffmpeg import Ffmpeg
from PIL import Image
from processes import until
from worker_parts import Bench, told

pytestmark = pytest.mark.real
BOTH = {"debian": "/usr/bin/ffmpeg", "wheel": imageio_ffmpeg.get_ffmpeg_exe()}
WIDTH, HEIGHT = 96, 70
RENDERED = FileSet(step="render")


@pytest.fixture(params=list(BOTH))
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    """A bench with each of the two ffmpegs."""
    return Bench(tmp_path, BOTH[request.param])


@pytest.fixture
def wheel(tmp_path: Path) -> Bench:
    """A bench with the newer ffmpeg."""
    return Bench(tmp_path, BOTH["wheel"])


def picture(number: int, width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """A picture that says which frame it is: its grey, and a bar that moves."""
    rows = np.full((height, width, 3), 20 + 7 * number, np.uint8)
    rows[:, 3 * number : 3 * number + 4] = (250, 30, 90)
    return rows


def frames(bench: Bench, numbers: range | list[int], width: int = WIDTH, height: int = HEIGHT) -> None:
    """Write pictures as outputs of the step before."""
    for number in numbers:
        Image.fromarray(picture(number, width, height)).save(bench.place(f"frames/{number:04}.png", frame=number))


def video(bench: Bench, name: str, **more: object) -> tuple[Path, CommandContext]:
    """Encode; returns the file, put in its place."""
    context = bench.context()
    values = {"inputs": RENDERED, "fps": 24.0, "output": str(bench.output / name), **more}
    encode(FfmpegEncode(**values), context)  # type: ignore[arg-type]
    return placed(bench, context), context


def placed(bench: Bench, context: CommandContext) -> Path:
    """Put what a command made where it belongs, as the finisher does."""
    (made,) = told(context).made
    assert made.kind == "video"
    final = bench.output / made.path
    final.parent.mkdir(parents=True, exist_ok=True)
    return made.file.replace(final)


def decoded(bench: Bench, file: Path, width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """All frames of a video as RGB."""
    command = [bench.ffmpeg, "-v", "error", "-i", str(file), "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1"]
    data = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
    return np.frombuffer(data, np.uint8).reshape(-1, height, width, 3)


def times(bench: Bench, file: Path) -> list[str]:
    """When each packet is shown."""
    return sorted(packets(bench, file, 2), key=float)


def stored(bench: Bench, file: Path) -> list[float]:
    """When each packet is to be decoded, as it is stored."""
    return [float(each) for each in packets(bench, file, 1)]


def packets(bench: Bench, file: Path, column: int) -> list[str]:
    """A column of ffmpeg's list of packets, in seconds."""
    command = [bench.ffmpeg, "-v", "error", "-i", str(file), "-map", "0:v", "-c", "copy", "-f", "framecrc", "pipe:1"]
    lines = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout.splitlines()
    base = Fraction(next(line for line in lines if line.startswith("#tb")).split()[-1])
    return [f"{float(int(line.split(',')[column]) * base):.3f}" for line in lines if not line.startswith("#")]


@pytest.mark.parametrize(
    ("codec", "suffix", "quality"),
    [
        ("h264", ".mp4", "high"), ("h264", ".mkv", "lossless"), ("prores", ".mov", "high"),
        ("prores", ".mov", "lossless"), ("vp9", ".webm", "medium"), ("vp9", ".mkv", "lossless"), ("av1", ".mp4", "high"),
        ("av1", ".webm", "lossless"),
    ],
)  # fmt: skip
def test_every_codec_shows_every_frame_in_its_place_and_colours(
    bench: Bench, codec: str, suffix: str, quality: str
) -> None:
    frames(bench, range(1, 13), 160, 130)
    file, context = video(bench, f"preview{suffix}", codec=codec, quality=quality, frames="1-12")
    shown = decoded(bench, file, 160, 130).astype(int)
    wanted = np.stack([picture(number, 160, 130) for number in range(1, 13)]).astype(int)
    assert shown.shape == wanted.shape
    if quality == "lossless" and codec != "prores":
        assert (shown == wanted).all()
    off = np.abs(shown[:, :, -20:] - wanted[:, :, -20:]).max()
    assert off <= 4
    assert told(context).fractions == sorted(told(context).fractions)
    assert told(context).fractions[-1] == 1.0


def test_videos_say_that_they_are_bt709(wheel: Bench) -> None:
    frames(wheel, range(1, 4))
    file, _ = video(wheel, "preview.mp4")
    said = subprocess.run([wheel.ffmpeg, "-hide_banner", "-i", str(file)], capture_output=True, text=True, check=False)
    assert "yuv420p(tv, bt709" in said.stderr


def test_the_rate_is_exact_and_playing_can_start_at_once(wheel: Bench) -> None:
    frames(wheel, range(1, 31))
    file, _ = video(wheel, "preview.mp4", fps=29.97)
    measured = Ffmpeg(wheel.ffmpeg).measure(file)
    assert (measured.frames, measured.seconds) == (30, 30 / Fraction(30000, 1001))
    data = file.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def test_the_same_pictures_give_the_same_bytes(wheel: Bench) -> None:
    frames(wheel, range(1, 7))
    first = video(wheel, "a.mp4")[0].read_bytes()
    assert video(wheel, "b.mp4")[0].read_bytes() == first


def test_odd_sizes_repeat_their_edge(wheel: Bench) -> None:
    frames(wheel, range(1, 4), width=95, height=69)
    file, context = video(wheel, "preview.mp4", quality="high")
    made = told(context).made[0]
    assert (made.width, made.height) == (96, 70)
    shown = decoded(wheel, file)[0].astype(int)
    assert np.abs(shown[:, 95] - shown[:, 94]).max() < 6
    assert np.abs(shown[69] - shown[68]).max() < 6


def test_gaps_are_held_when_that_is_wanted(wheel: Bench) -> None:
    frames(wheel, [3, 5])
    file, _ = video(wheel, "preview.mkv", quality="lossless", frames="1-6", hold_missing=True)
    assert [int(frame[0, 0, 0]) for frame in decoded(wheel, file)] == [41, 41, 41, 41, 55, 55]


def test_a_gap_is_an_error_and_makes_no_video(wheel: Bench) -> None:
    frames(wheel, [1, 2, 5])
    with pytest.raises(CommandFailed, match="frames 3-4 are missing"):
        video(wheel, "preview.mp4")


def test_exr_frames_are_shown_as_srgb_with_all_of_prores_depth(wheel: Bench) -> None:
    for number in range(1, 4):
        channels = layered(WIDTH, HEIGHT)
        for name in "RGB":
            channels[f"ViewLayer.Combined.{name}"][:] = 0.214041 * number / 2
        save(wheel.place(f"{number:04}.exr"), channels)
    file, _ = video(wheel, "preview.mov", codec="prores", quality="high")
    shown = decoded(wheel, file)[:, 30, 40, 0]
    assert np.abs(shown.astype(int) - [92, 128, 155]).max() <= 2


def test_pictures_of_16_bits_and_with_alpha_lie_over_black(bench: Bench) -> None:
    for number in range(1, 4):
        clear = np.full((HEIGHT, WIDTH, 4), 200, np.uint8)
        clear[:, : WIDTH // 2, 3], clear[:, WIDTH // 2 :, 3] = 255, 0
        file = bench.place(f"{number:04}.png")
        command = [
            bench.ffmpeg,
            "-v",
            "error",
            "-f",
            "rawvideo",
            "-pix_fmt",
            "rgba",
            "-s",
            f"{WIDTH}x{HEIGHT}",
            "-i",
            "-",
        ]
        subprocess.run([*command, "-pix_fmt", "rgba64be", "-y", str(file)], input=clear.tobytes(), check=True)
    shown = decoded(bench, video(bench, "preview.mov", codec="prores")[0])[0].astype(int)
    assert abs(shown[30, 20, 0] - 200) <= 2 >= abs(shown[30, 80, 0])


def sound(bench: Bench, seconds: float) -> Path:
    """A sound file of the job."""
    file = bench.tree / "sound.wav"
    made = ["-f", "lavfi", "-i", f"sine=440:duration={seconds}:sample_rate=44100", "-ac", "2", "-y", str(file)]
    subprocess.run([bench.ffmpeg, "-v", "error", *made], check=True)
    return file


@pytest.mark.parametrize("seconds", [0.4, 3.0])
@pytest.mark.parametrize(("codec", "suffix"), [("h264", ".mp4"), ("prores", ".mov"), ("vp9", ".webm")])
def test_sound_lasts_exactly_as_long_as_the_pictures(wheel: Bench, codec: str, suffix: str, seconds: float) -> None:
    frames(wheel, range(1, 25))
    beneath = FileSet(paths=[str(sound(wheel, seconds))])
    file, _ = video(wheel, f"preview{suffix}", codec=codec, sound=beneath)
    measured = Ffmpeg(wheel.ffmpeg).measure(file)
    assert measured.frames == 24
    assert abs(measured.sound_seconds - 1) < Fraction(3, 100)


def test_a_step_that_made_no_sound_gives_a_silent_video(wheel: Bench) -> None:
    frames(wheel, range(1, 4))
    file, _ = video(wheel, "preview.mp4", sound=FileSet(step="sound"))
    assert Ffmpeg(wheel.ffmpeg).measure(file).sound_seconds == 0


def test_a_damaged_frame_is_named(wheel: Bench) -> None:
    frames(wheel, range(1, 9))
    file = wheel.output / "frames" / "0006.png"
    file.write_bytes(file.read_bytes()[:-40])
    with pytest.raises(CommandFailed, match=r"0006\.png is cut off"):
        video(wheel, "preview.mp4")


def test_a_frame_of_another_size_is_named(wheel: Bench) -> None:
    frames(wheel, range(1, 5))
    Image.fromarray(picture(3, 64, 64)).save(wheel.output / "frames" / "0003.png")
    with pytest.raises(CommandFailed, match=r"0003\.png is 64x64 pixels, but the first picture is 96x70"):
        video(wheel, "preview.mp4")


def test_what_ffmpeg_says_is_the_reason(bench: Bench) -> None:
    with pytest.raises(CommandFailed, match="No such file or directory"):
        Ffmpeg(bench.ffmpeg).run(["-i", "absent.mp4", "-f", "null", "-"])


def test_a_canceled_encoding_stops_at_once_and_leaves_no_process(wheel: Bench) -> None:
    frames(wheel, range(1, 3), 1920, 1080)
    context = wheel.context()
    command = FfmpegEncode(
        inputs=RENDERED, fps=24, output=str(wheel.output / "long.webm"), frames="1-5000", codec="vp9", hold_missing=True
    )
    stopper = threading.Thread(
        target=lambda: (until(lambda: told(context).fractions, 20, "it encodes"), context.cancelled.set())
    )
    stopper.start()
    with pytest.raises(Cancelled):
        encode(command, context)
    stopper.join()
    until(lambda: not running(wheel.scratch), 5, "ffmpeg is gone")


def running(folder: Path) -> bool:
    """Whether a process names that folder."""
    found = subprocess.run(["pgrep", "-f", re.escape(str(folder))], stdout=subprocess.PIPE, check=False)
    return bool(found.stdout)


# ---- chunks ----


def chunks(bench: Bench, suffix: str, codec: str, fps: float, sizes: list[int]) -> int:
    """Encode chunks as a step of their own; returns how many frames they have."""
    first = 1
    for number, size in enumerate(sizes, start=1):
        last = first + size - 1
        name = f"chunks/{number:05}{suffix}"
        video(bench, name, codec=codec, fps=fps, frames=f"{first}-{last}")
        bench.files.append(TaskFile(name, "", 1, "output", "chunks"))
        first = last + 1
    return first - 1


def joined(bench: Bench, name: str, count: int, fps: float, **more: object) -> Path:
    """Join the chunks."""
    context = bench.context()
    values = {
        "inputs": FileSet(step="chunks"),
        "output": str(bench.output / name),
        "frame_count": count,
        "fps": fps,
        **more,
    }
    concat(FfmpegConcat(**values), context)  # type: ignore[arg-type]
    return placed(bench, context)


@pytest.mark.parametrize(("codec", "suffix"), [("h264", ".mp4"), ("vp9", ".webm"), ("av1", ".mp4")])
def test_joined_chunks_are_timed_like_one_encoding(bench: Bench, codec: str, suffix: str) -> None:
    frames(bench, range(1, 20))
    count = chunks(bench, suffix, codec, 23.976, [7, 1, 11])
    whole, _ = video(bench, f"whole{suffix}", codec=codec, fps=23.976)
    file = joined(bench, f"joined{suffix}", count, 23.976)
    assert times(bench, file) == times(bench, whole)
    assert stored(bench, file) == sorted(stored(bench, file))
    greys = [[int(frame[5, -5, 0]) for frame in decoded(bench, each)] for each in (file, whole)]
    assert np.abs(np.subtract(*greys)).max() <= 4


def test_joined_chunks_get_sound_of_the_whole_length(wheel: Bench) -> None:
    frames(wheel, range(1, 25))
    count = chunks(wheel, ".mov", "prores", 24, [12, 12])
    file = joined(wheel, "joined.mov", count, 24, sound=FileSet(paths=[str(sound(wheel, 0.5))]))
    measured = Ffmpeg(wheel.ffmpeg).measure(file)
    assert (measured.frames, measured.seconds) == (24, 1)
    assert abs(measured.sound_seconds - 1) < Fraction(3, 100)


def test_a_chunk_that_lacks_frames_is_told(wheel: Bench) -> None:
    frames(wheel, range(1, 9))
    chunks(wheel, ".mp4", "h264", 24, [4, 4])
    with pytest.raises(CommandFailed, match="the 2 chunks have 8 frames, but 9 were expected"):
        joined(wheel, "joined.mp4", 9, 24)


def test_a_chunk_that_is_cut_off_is_told(wheel: Bench) -> None:
    frames(wheel, range(1, 9))
    chunks(wheel, ".mp4", "h264", 24, [4, 4])
    chunk = wheel.output / "chunks" / "00002.mp4"
    chunk.write_bytes(chunk.read_bytes()[:-300])
    with pytest.raises(CommandFailed, match=r"00002\.mp4|joined\.mp4"):
        joined(wheel, "joined.mp4", 8, 24)


def test_names_with_quotes_and_spaces_are_no_trouble(wheel: Bench) -> None:
    frames(wheel, range(1, 5))
    chunks(wheel, " it's.mp4", "h264", 24, [2, 2])
    assert joined(wheel, "the film's end.mp4", 4, 24).is_file()


def test_a_worker_without_ffmpeg_says_so(tmp_path: Path) -> None:
    bare = Bench(tmp_path)
    with pytest.raises(CommandFailed, match="this worker has no ffmpeg"):
        video(bare, "preview.mp4")
    shutil.rmtree(bare.scratch)
