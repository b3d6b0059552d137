"""Pictures to video, and chunks of video to one, with the number of frames proved by decoding the result."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

from flamenco_common.commands import FfmpegConcat, FfmpegEncode, FileSet

from flamenco_worker.commands.base import CommandContext, Made
from flamenco_worker.commands.ffmpeg_codecs import (
    VIDEO_SUFFIXES,
    choose,
    exact,
    file_arguments,
    sound_arguments,
)
from flamenco_worker.commands.ffmpeg_frames import Feed, by_frame, in_order
from flamenco_worker.errors import CommandFailed
from flamenco_worker.media.ffmpeg import Ffmpeg, Measured

_MOST_SOUND_OFF = Fraction(1, 10)  # an audio codec's last packet may be this much longer than the picture


def encode(command: FfmpegEncode, context: CommandContext) -> None:
    """Encode one picture a frame to a video that has exactly the wanted frames."""
    ffmpeg = _ffmpeg(context)
    fps = exact(command.fps)
    root, path = context.relative(command.output)
    order = in_order(by_frame(context.resolve(command.inputs)), command.frames, command.hold_missing)
    sound = _sound(command.sound, context)
    feed = Feed(order, ffmpeg)
    encoder = choose(command.codec, command.quality, Path(path).suffix, min(feed.source), ffmpeg.encoders())
    feed.prepare(encoder.bits, even=not encoder.rgb)
    target = context.fresh(path)
    seconds = len(order) / fps
    arguments = [
        "-f", "rawvideo", "-pixel_format", "rgb24" if encoder.bits == 8 else "rgb48le",
        "-video_size", f"{feed.width}x{feed.height}", "-framerate", str(fps), "-i", "pipe:0",
        *_sound_input(sound), *encoder.video_arguments(fps), *_sound_output(sound, target, seconds),
        *file_arguments(target), "-progress", "pipe:1", str(target),
    ]  # fmt: skip
    context.reporter.log(f"encoding {len(order)} frames at {fps} a second with {encoder.name}")
    context.reporter.log(shlex.join(["ffmpeg", *arguments]))
    ffmpeg.run(arguments, feed=feed, on_frame=_progress(context, len(order), 0.0, 0.9, "encoding"))
    _prove(ffmpeg, target, len(order), fps, bool(sound), _progress(context, len(order), 0.9, 1.0, "checking"))
    context.reporter.output(Made(target, path, root, kind="video", width=feed.width, height=feed.height, proved=True))


def concat(command: FfmpegConcat, context: CommandContext) -> None:
    """Join chunks in path order without encoding again."""
    ffmpeg = _ffmpeg(context)
    fps = exact(command.fps)
    root, path = context.relative(command.output)
    if Path(path).suffix.lower() not in VIDEO_SUFFIXES:
        raise CommandFailed(f"{path} is not named like a video: {', '.join(sorted(VIDEO_SUFFIXES))}")
    chunks = [file for _, file in context.resolve(command.inputs)]
    if not chunks:
        raise CommandFailed("there is no chunk to join")
    sound = _sound(command.sound, context)
    target = context.fresh(path)
    measured = _measured(chunks, ffmpeg, command.frame_count)
    recipe = target.with_name("chunks.txt")
    recipe.write_text(_recipe(chunks, measured, fps), encoding="utf-8")
    arguments = [
        "-f", "concat", "-safe", "0", "-i", str(recipe), *_sound_input(sound), "-c:v", "copy",
        "-bsf:v", _on_the_grid(fps, max(each.delay for each in measured)),
        *_sound_output(sound, target, command.frame_count / fps),
        *file_arguments(target), "-progress", "pipe:1", str(target),
    ]  # fmt: skip
    context.reporter.log(shlex.join(["ffmpeg", *arguments]))
    ffmpeg.run(arguments, on_frame=_progress(context, command.frame_count, 0.1, 0.5, "joining"))
    checking = _progress(context, command.frame_count, 0.5, 1.0, "checking")
    found = _prove(ffmpeg, target, command.frame_count, fps, bool(sound), checking)
    context.reporter.output(Made(target, path, root, kind="video", width=found.width, height=found.height, proved=True))


def _ffmpeg(context: CommandContext) -> Ffmpeg:
    if not context.ffmpeg:
        raise CommandFailed("this worker has no ffmpeg")
    reporter = context.reporter
    return Ffmpeg(context.ffmpeg, context.cancelled, context.config.stop_seconds, reporter.log, reporter.memory)


def _measured(chunks: list[Path], ffmpeg: Ffmpeg, frame_count: int) -> list[Measured]:
    """What each chunk holds. Raises `CommandFailed` unless it is `frame_count` frames in all."""
    measured = [ffmpeg.measure(chunk, decode=False) for chunk in chunks]
    total = sum(each.frames for each in measured)
    if total != frame_count:
        raise CommandFailed(f"the {len(chunks)} chunks have {total} frames, but {frame_count} were expected")
    return measured


def _recipe(chunks: list[Path], measured: list[Measured], fps: Fraction) -> str:
    """What the concat demuxer reads; each chunk's length comes from its frames, since containers round theirs."""
    lines = ["ffconcat version 1.0"]
    total = 0
    for chunk, found in zip(chunks, measured, strict=True):
        quoted = str(chunk.resolve()).replace("'", "'\\''")
        microseconds = round((total + found.frames) / fps * 1_000_000) - round(total / fps * 1_000_000)
        lines += [f"file '{quoted}'", f"duration {microseconds // 1_000_000}.{microseconds % 1_000_000:06d}"]
        total += found.frames
    return "\n".join(lines) + "\n"


def _on_the_grid(fps: Fraction, delay: int) -> str:
    """A filter that times packets as one encoding would: chunks round their times, and differ in how far they reorder."""
    rate = f"({fps.numerator}/{fps.denominator})"
    half = 0.001  # halves go up, as the containers' writers round them
    return f"setts=pts=round(round(PTS*TB*{rate})/{rate}/TB+{half}):dts=round((N-{delay})/{rate}/TB+{half})"


def _sound(sound: FileSet | None, context: CommandContext) -> Path | None:
    """The sound file; a scene without sound made none."""
    files = context.resolve(sound) if sound is not None else []
    if len(files) > 1:
        raise CommandFailed(
            f"there are {len(files)} sound files, {files[0][0].path} and more: a pattern has to choose one"
        )
    return files[0][1] if files else None


def _sound_input(sound: Path | None) -> list[str]:
    return ["-i", str(sound), "-map", "0:v:0", "-map", "1:a:0"] if sound else ["-map", "0:v:0"]


def _sound_output(sound: Path | None, target: Path, seconds: Fraction) -> list[str]:
    return sound_arguments(target, seconds) if sound else []


def _progress(context: CommandContext, total: int, start: float, end: float, activity: str) -> Callable[[int], None]:
    def frame(number: int) -> None:
        fraction = start + (end - start) * min(1.0, number / total)
        context.reporter.progress(fraction, f"{activity} frame {min(number, total)} of {total}")

    return frame


def _prove(
    ffmpeg: Ffmpeg, file: Path, frames: int, fps: Fraction, sound: bool, on_frame: Callable[[int], None]
) -> Measured:
    """Decode the video. Raises `CommandFailed` unless it has those frames, that duration, and sound of that length."""
    found = ffmpeg.measure(file, on_frame=on_frame)
    seconds = frames / fps
    if found.frames != frames:
        raise CommandFailed(f"{file.name} has {found.frames} frames instead of {frames}")
    if abs(found.seconds - seconds) > 1 / (2 * fps) or not found.even:
        raise CommandFailed(f"{file.name} lasts {float(found.seconds):.3f} s instead of {float(seconds):.3f} s")
    if sound and abs(found.sound_seconds - seconds) > _MOST_SOUND_OFF:
        raise CommandFailed(
            f"the sound of {file.name} lasts {float(found.sound_seconds):.3f} s instead of {float(seconds):.3f} s"
        )
    return found
