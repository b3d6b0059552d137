"""What is asked of ffmpeg for each codec, quality and kind of file.

Every encoder starts each file with a key frame and closes its groups of pictures, so that chunks encoded apart join without
a seam. Pictures are sRGB; video carries them as BT.709 and says so. `lossless` keeps every bit of 8-bit pictures with
h264, vp9 and av1, in RGB, which few players but editing programs show; for ProRes it is its best profile, 4444 XQ.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import PurePath

from flamenco_worker.errors import CommandFailed

QUALITIES = ("low", "medium", "high", "lossless")
_BT709 = ["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv"]
_NTSC = 0.005  # 23.976 and 23.98 both mean 24000/1001
_MOV = (".mp4", ".m4v", ".mov")
_REPEATABLE = ["-map_metadata", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact"]


@dataclass(frozen=True)
class Encoder:
    """Arguments for one encoder at one quality; `bits` a channel that it wants to be fed; `rgb`: it takes RGB as it is."""

    name: str
    arguments: list[str]
    pixels: str
    bits: int = 8
    rgb: bool = False
    least: int = 0  # pixels of a side

    def video_arguments(self, fps: Fraction) -> list[str]:
        """All that stands between the input and the output for the picture."""
        if self.rgb:
            return ["-c:v", self.name, *self.arguments, "-pix_fmt", self.pixels, "-g", str(_group(fps))]
        scale = "scale=out_color_matrix=bt709:out_range=tv:flags=bicubic+accurate_rnd+full_chroma_int"
        mark = "setparams=range=tv:colorspace=bt709:color_primaries=bt709:color_trc=bt709"
        filters = ["-vf", f"{scale},format={self.pixels},{mark}"]
        return [*filters, "-c:v", self.name, *self.arguments, "-pix_fmt", self.pixels, *_BT709, "-g", str(_group(fps))]


def _group(fps: Fraction) -> int:
    """Two seconds a group of pictures: seeking stays quick."""
    return max(1, round(2 * fps))


def exact(fps: float) -> Fraction:
    """The rational frame rate that is meant: 29.97 is 30000/1001. Raises `CommandFailed`."""
    if not 0 < fps < 100_000:
        raise CommandFailed(f"{fps:g} is not a frame rate")
    whole = round(fps * 1.001)
    if abs(fps - whole / 1.001) < _NTSC and abs(fps - round(fps)) > _NTSC:
        return Fraction(whole * 1000, 1001)
    return Fraction(fps).limit_denominator(1001)


def choose(codec: str, quality: str, suffix: str, side: int, available: frozenset[str]) -> Encoder:
    """The encoder to use for pictures whose shorter side has `side` pixels. Raises `CommandFailed` naming what is wrong or missing."""
    if codec not in _CODECS:
        raise CommandFailed(f"there is no codec {codec!r}: it is one of {', '.join(_CODECS)}")
    if quality not in QUALITIES:
        raise CommandFailed(f"there is no quality {quality!r}: it is one of {', '.join(QUALITIES)}")
    suffixes, candidates = _CODECS[codec]
    if suffix.lower() not in suffixes:
        raise CommandFailed(
            f"{codec} video needs a file named {' or '.join(suffixes)}, not {suffix or 'without a suffix'}"
        )
    made = [encoder for build in candidates if (encoder := build(quality)) is not None]
    for encoder in made:
        if encoder.name in available and side >= encoder.least:
            return encoder
    raise CommandFailed(
        f"this machine's ffmpeg cannot write {codec}: it has no {' nor '.join(encoder.name for encoder in made)}"
    )


def _x264(quality: str) -> Encoder:
    if quality == "lossless":
        return Encoder("libx264rgb", ["-preset", "medium", "-qp", "0", "-flags", "+cgop"], "rgb24", rgb=True)
    crf = {"low": "28", "medium": "23", "high": "18"}[quality]
    return Encoder("libx264", ["-preset", "medium", "-crf", crf, "-flags", "+cgop"], "yuv420p")


def _prores(quality: str) -> Encoder:
    profile, pixels = {
        "low": ("0", "yuv422p10le"), "medium": ("2", "yuv422p10le"),
        "high": ("3", "yuv422p10le"), "lossless": ("5", "yuv444p10le"),
    }[quality]  # fmt: skip
    return Encoder("prores_ks", ["-profile:v", profile, "-vendor", "apl0"], pixels, bits=16)


def _vp9(quality: str) -> Encoder:
    speed = ["-deadline", "good", "-cpu-used", "4", "-row-mt", "1", "-b:v", "0"]
    if quality == "lossless":
        return Encoder("libvpx-vp9", [*speed, "-lossless", "1"], "gbrp", rgb=True)
    return Encoder("libvpx-vp9", [*speed, "-crf", {"low": "40", "medium": "32", "high": "22"}[quality]], "yuv420p")


def _svt(quality: str) -> Encoder | None:
    if quality == "lossless":
        return None
    crf = {"low": "45", "medium": "35", "high": "24"}[quality]
    # It refuses less than 64 pixels, and before version 2 leaves wrong blocks in pictures of less than twice that.
    return Encoder("libsvtav1", ["-preset", "8", "-crf", crf], "yuv420p", least=128)


def _aom(quality: str) -> Encoder:
    speed = ["-cpu-used", "6", "-row-mt", "1", "-usage", "good"]
    if quality == "lossless":
        return Encoder("libaom-av1", [*speed, "-crf", "0", "-aom-params", "lossless=1"], "gbrp", rgb=True)
    return Encoder("libaom-av1", [*speed, "-crf", {"low": "42", "medium": "32", "high": "22"}[quality]], "yuv420p")


def _rav1e(quality: str) -> Encoder | None:
    if quality == "lossless":
        return None
    qp = {"low": "160", "medium": "110", "high": "70"}[quality]
    return Encoder("librav1e", ["-speed", "8", "-qp", qp], "yuv420p")


_CODECS: dict[str, tuple[tuple[str, ...], list[Callable[[str], Encoder | None]]]] = {
    "h264": ((*_MOV, ".mkv"), [_x264]),
    "prores": ((".mov", ".mkv"), [_prores]),
    "vp9": ((".webm", ".mp4", ".mkv"), [_vp9]),
    "av1": ((".webm", ".mp4", ".mkv"), [_svt, _aom, _rav1e]),
}
VIDEO_SUFFIXES = frozenset(suffix for suffixes, _ in _CODECS.values() for suffix in suffixes)


def sound_arguments(output: PurePath, seconds: Fraction) -> list[str]:
    """Encode the sound to exactly `seconds`, with silence where it is short."""
    samples = round(seconds * 48000)
    filters = ["-flags:a", "+bitexact", "-af", f"aresample=48000,apad,atrim=end_sample={samples}"]
    codecs = {
        ".mov": ["-c:a", "pcm_s16le"],
        ".webm": ["-c:a", "libopus", "-b:a", "160k"],
        ".mkv": ["-c:a", "flac"],
    }
    return [*filters, *codecs.get(output.suffix.lower(), ["-c:a", "aac", "-b:a", "256k"])]


def file_arguments(output: PurePath) -> list[str]:
    """For the file as a whole: the same input gives the same bytes, and playing can start before all is loaded."""
    return [*_REPEATABLE, *(["-movflags", "+faststart"] if output.suffix.lower() in _MOV else [])]
