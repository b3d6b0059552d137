"""Make a video: of pictures, of a .blend's video-sequencer edit, or of frames that are rendered for it."""

import re
from collections import defaultdict
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from flamenco_common.authoring import (
    PICTURE_SUFFIXES,
    SOUND_SUFFIXES,
    VIDEO_CODECS,
    VIDEO_QUALITIES,
    BadSetting,
    Frames,
    JobBuilder,
    Scene,
    Step,
    Task,
    blender,
    ffmpeg,
    safe_name,
    setting,
    still_format,
    video_file,
)

EDIT_CHUNK = 60  # frames of an edit cost little; a chunk is a video of its own, so short ones cost size
MOST_NAMED = 5
WORDS = {"sequencer": "the sequencer's edit", "render": "rendered frames"}


@dataclass(frozen=True)
class Settings:
    """What an artist may choose."""

    source: str = setting(
        "auto",
        choices=("auto", "pictures", "sequencer", "render"),
        help="Make it of the job's pictures, of the sequencer's edit, or of rendered frames; auto: what there is",
    )
    frames: Frames = setting(
        Frames(()),
        source=Scene.FRAME_RANGE,
        help="Frames of the video, like 1-100; empty: the scene's, or from the first picture to the last",
    )
    fps: float = setting(source=Scene.FPS, minimum=0.01, maximum=1000, label="Frame rate", help="Frames a second")
    codec: str = setting("h264", choices=VIDEO_CODECS, help="h264 and av1 make .mp4, prores .mov, vp9 .webm")
    quality: str = setting("high", choices=VIDEO_QUALITIES, help="How much of the pictures' detail is kept")
    hold_missing: bool = setting(
        False, label="Hold at gaps", help="Repeat the last picture where one is missing; else a gap is an error"
    )
    pictures: str = setting("", help="Which of the job's pictures, like shot/*.png; empty: all")
    sound: str = setting("", help="A sound file of the job to lay beneath; empty: the scene's sound, if it has any")
    silent: bool = setting(False, label="No sound", help="Leave the scene's sound out")
    chunk_size: int = setting(
        0,
        minimum=0,
        maximum=100_000,
        label="Chunk size",
        help=f"Frames a task; 0: {EDIT_CHUNK} of an edit, 1 where frames are rendered",
    )
    retries: int = setting(2, minimum=0, maximum=20, help="How often a failed task is tried again")


def compile_job(settings: Settings, job: JobBuilder) -> None:
    """One of the three ways to a video."""
    source = source_of(settings, job)
    check_together(settings, source)
    if source == "pictures":
        add_pictures(settings, job)
        return
    if not len(settings.frames):
        raise BadSetting("frames", "the setting 'frames' must be given: the scene does not tell its frame range")
    if source == "sequencer":
        add_edit(settings, job)
    else:
        add_rendered(settings, job)


def source_of(settings: Settings, job: JobBuilder) -> str:
    """What the video is made of. Raises `BadSetting` if the job does not hold that."""
    if settings.source in ("sequencer", "render") and not job.blend:
        raise BadSetting("source", f"source is {settings.source}, and the job has no .blend file")
    if settings.source == "sequencer" and job.scene.get(Scene.HAS_SEQUENCER.value) is False:
        raise BadSetting(
            "source", "source is sequencer, and the scene has no edit in its sequencer, or does not use it"
        )
    if settings.source != "auto":
        return settings.source
    if not job.blend:
        return "pictures"
    return "sequencer" if job.scene.get(Scene.HAS_SEQUENCER.value) else "render"


def check_together(settings: Settings, source: str) -> None:
    """Refuse settings that would do nothing. Raises `BadSetting`."""
    if settings.silent and settings.sound:
        raise BadSetting("silent", "silent leaves the sound out, and sound names a file: give one of them")
    for name in ("pictures", "hold_missing"):
        if getattr(settings, name) and source != "pictures":
            raise BadSetting(name, f"{name} goes with a video of pictures; this one is of {WORDS[source]}")


def output_of(settings: Settings, job: JobBuilder) -> str:
    """Where the video goes."""
    return video_file(f"{{output}}/{safe_name(job.name)}", settings.codec)


# ---- of pictures ----


def add_pictures(settings: Settings, job: JobBuilder) -> None:
    """One task encodes the job's own pictures."""
    found = pictures_by_frame(settings, job)
    frames = settings.frames if len(settings.frames) else Frames(tuple(range(min(found), max(found) + 1)))
    missing = Frames.of(number for number in frames if number not in found)
    if len(missing) and not (settings.hold_missing and len(missing) < len(frames)):
        raise BadSetting("frames", f"there are no pictures of the frames {missing}; hold_missing repeats the last one")
    sound = {"paths": [sound_file(settings, job)]} if settings.sound else None
    job.step(
        "video",
        ffmpeg.encode(
            {"paths": [f"{{job}}/{found[number]}" for number in frames if number in found]},
            fps=settings.fps,
            frames=frames,
            output=output_of(settings, job),
            codec=settings.codec,
            quality=settings.quality,
            hold_missing=settings.hold_missing,
            sound=sound,
        ),
        retries=settings.retries,
    )


def pictures_by_frame(settings: Settings, job: JobBuilder) -> dict[int, str]:
    """The one sequence of pictures that is meant, by frame number. Raises `BadSetting`."""
    sequences: dict[str, list[str]] = defaultdict(list)
    for path in filter(is_picture, job.files):
        sequences[sequence_and_number(path)[0]].append(path)
    wanted = wanted_sequences(sequences, settings.pictures)
    if not wanted:
        which = f" like {settings.pictures}" if settings.pictures else ""
        raise BadSetting("pictures", f"the job has no pictures{which} with frame numbers in their names")
    if len(wanted) > 1:
        named = ", ".join(sorted(wanted)[:MOST_NAMED])
        raise BadSetting("pictures", f"the job has {len(wanted)} sequences of pictures, say which: {named}")
    found: dict[int, str] = {}
    for path in next(iter(wanted.values())):
        number = sequence_and_number(path)[1]
        if number in found:
            raise BadSetting("pictures", f"frame {number} is there twice: {found[number]} and {path}")
        found[number] = path
    return found


def wanted_sequences(sequences: dict[str, list[str]], pattern: str) -> dict[str, list[str]]:
    """Those that a pattern names: exactly, or by any of their files."""
    if not pattern or pattern in sequences:
        return {name: paths for name, paths in sequences.items() if pattern in ("", name)}
    fitting = {name: [path for path in paths if fnmatchcase(path, pattern)] for name, paths in sequences.items()}
    return {name: paths for name, paths in fitting.items() if paths}


def is_picture(path: str) -> bool:
    """A picture with a frame number in its name."""
    pure = PurePosixPath(path)
    return pure.suffix.lower() in PICTURE_SUFFIXES and re.search(r"\d", pure.stem) is not None


def sequence_and_number(path: str) -> tuple[str, int]:
    """The last number in a file's name is its frame; what is around it names the sequence, as a pattern.

    A minus stands for a negative number only where nothing else is before it: shot-0001 is frame 1.
    """
    pure = PurePosixPath(path)
    match = re.fullmatch(r"(.*?)(\d+)(\D*)", pure.stem, re.DOTALL)
    assert match is not None
    before, digits, behind = match.groups()
    if before == "-":
        before, digits = "", f"-{digits}"
    return str(pure.with_name(f"{before}*{behind}{pure.suffix}")), int(digits)


def sound_file(settings: Settings, job: JobBuilder) -> str:
    """The template path of the wanted sound. Raises `BadSetting`."""
    if settings.sound not in job.files:
        raise BadSetting("sound", f"the job has no file {settings.sound!r}")
    if PurePosixPath(settings.sound).suffix.lower() not in SOUND_SUFFIXES:
        raise BadSetting("sound", f"{settings.sound} is no sound file; those end in {', '.join(SOUND_SUFFIXES)}")
    return f"{{job}}/{settings.sound}"


# ---- of an edit ----


def add_edit(settings: Settings, job: JobBuilder) -> None:
    """Chunks of the edit are rendered and encoded side by side, then joined without encoding again."""
    chunks = settings.frames.chunks(settings.chunk_size or EDIT_CHUNK)
    frames = job.step(
        "frames",
        blender.render(
            frames=Task.frames, output="{output}/frames/####", format="PNG", sequencer=True, skip_existing=True
        ),
        tasks=chunks,
        retries=settings.retries,
    )
    encoded = job.step(
        "chunks",
        ffmpeg.encode(
            frames.outputs_like("frames/*"),
            fps=settings.fps,
            frames=Task.frames,
            output=Task.output,
            codec=settings.codec,
            quality=settings.quality,
        ),
        tasks=[
            {"frames": str(chunk), "output": video_file(f"{{output}}/chunks/{number:05}", settings.codec)}
            for number, chunk in enumerate(chunks, start=1)
        ],
        after=frames,
        retries=settings.retries,
    )
    sound, waits = add_sound(settings, job)
    job.step(
        "video",
        ffmpeg.concat(
            encoded.outputs,
            frame_count=len(settings.frames),
            fps=settings.fps,
            output=output_of(settings, job),
            sound=sound,
        ),
        after=[encoded, *waits],
        retries=settings.retries,
    )


def add_sound(settings: Settings, job: JobBuilder) -> tuple[dict[str, object] | None, list[Step]]:
    """The sound of the video as files, and the steps that make it."""
    if settings.sound:
        return {"paths": [sound_file(settings, job)]}, []
    if settings.silent or not job.scene.get(Scene.HAS_SOUND.value):
        return None, []
    first, last = settings.frames.numbers[0], settings.frames.numbers[-1]
    if last - first + 1 != len(settings.frames):
        raise BadSetting("frames", "the scene's sound needs frames without gaps; silent leaves it out")
    mixdown = blender.mixdown(settings.frames, output="{output}/sound.flac")
    step = job.step("sound", mixdown, retries=settings.retries)
    return {"step": step.name}, [step]


# ---- of rendered frames ----


def add_rendered(settings: Settings, job: JobBuilder) -> None:
    """Frames of the scene itself, one video of them."""
    frames = job.step(
        "frames",
        blender.render(
            frames=Task.frames,
            output="{output}/frames/####",
            format=still_format("scene", job.scene),
            sequencer=False,
            skip_existing=True,
        ),
        tasks=settings.frames.chunks(settings.chunk_size or 1),
        retries=settings.retries,
    )
    sound, waits = add_sound(settings, job)
    job.step(
        "video",
        ffmpeg.encode(
            frames.outputs_like("frames/*"),
            fps=settings.fps,
            frames=settings.frames,
            output=output_of(settings, job),
            codec=settings.codec,
            quality=settings.quality,
            sound=sound,
        ),
        after=[frames, *waits],
        retries=settings.retries,
    )
