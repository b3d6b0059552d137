"""Bake simulations, one after the other in the order in which they depend, and render with them if wanted."""

from dataclasses import dataclass

from flamenco_common.authoring import (
    FORMAT_CHOICES,
    SCENE_FORMAT,
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
)


@dataclass(frozen=True)
class Settings:
    """What an artist may choose."""

    frames: Frames = setting(
        source=Scene.FRAME_RANGE,
        help="Frames to bake up to, and to render, like 1-100; baking begins with the scene's first frame",
    )
    simulations: tuple[str, ...] = setting(
        source=Scene.SIMULATIONS, help='Simulations to bake, like "cloth:Flag:Cloth", with commas; they run in order'
    )
    render: bool = setting(False, label="Render afterwards", help="Render the frames with the baked simulations")
    chunk_size: int = setting(
        1, minimum=1, maximum=10_000, label="Chunk size", help="Frames a task of that render; 1 is best"
    )
    format: str = setting(
        SCENE_FORMAT,
        choices=FORMAT_CHOICES,
        label="File format",
        help="Format of the rendered frames; scene: the scene's own, and PNG where that is a movie",
    )
    skip_existing: bool = setting(
        False, label="Skip rendered frames", help="Skip frames already rendered, though a new bake may change them"
    )
    preview: bool = setting(True, help="Encode a video of the rendered frames")
    fps: float = setting(
        24.0, source=Scene.FPS, minimum=0.01, maximum=1000, label="Frame rate", help="Frames a second of the preview"
    )
    memory_mb: int = setting(0, minimum=0, label="Memory (MB)", help="Memory that a worker must have; 0: any")
    timeout_minutes: int = setting(
        0,
        minimum=0,
        maximum=43_200,
        label="Time limit (minutes)",
        help="Give an attempt at a bake up after this; 0: never",
    )
    retries: int = setting(2, minimum=0, maximum=20, help="How often a failed task is tried again")


def compile_job(settings: Settings, job: JobBuilder) -> None:
    """A chain of bakes, each in the file that the one before saved; then frames and a preview."""
    if not job.blend:
        raise BadSetting("", "this job type needs a .blend file, and the job has none")
    baked, last = add_bakes(settings, job, chosen(settings, job))
    if settings.render:
        add_render(settings, job, baked, last)


def chosen(settings: Settings, job: JobBuilder) -> list[str]:
    """The wanted simulations in the scene's order. Raises `BadSetting`."""
    known = job.scene.get(Scene.SIMULATIONS.value)
    wanted = list(dict.fromkeys(settings.simulations))
    if not wanted:
        raise BadSetting("simulations", "the scene has no simulation that can be baked")
    for key in wanted:
        if len(key.split(":")) < 3:
            raise BadSetting("simulations", f"{key!r} is no simulation; write it like cloth:Flag:Cloth")
        if known is not None and key not in known:
            named = ", ".join(known) or "none"
            raise BadSetting("simulations", f"the scene has no simulation {key!r}; it has {named}")
    return wanted if known is None else [key for key in known if key in wanted]


def bake_frames(settings: Settings, job: JobBuilder) -> str:
    """From the scene's first frame on without a gap: a simulation depends on all that was before."""
    scene = Frames.parse(str(job.scene.get(Scene.FRAME_RANGE.value) or settings.frames))
    first = min(scene.numbers[0], settings.frames.numbers[0])
    return str(Frames(tuple(range(first, settings.frames.numbers[-1] + 1))))


def add_bakes(settings: Settings, job: JobBuilder, keys: list[str]) -> tuple[str, Step]:
    """One step a simulation; gives the last saved file, and the step that saves it.

    Saved files lie beside the artist's, so that relative paths in them hold.
    """
    frames = bake_frames(settings, job)
    base = job.blend.removesuffix(".blend")
    blend = job.blend
    after: list[Step] = []
    for number, key in enumerate(keys, start=1):
        kind, name = key.split(":", 1)
        saved = f"{base}-baked-{number}.blend"
        bake = blender.bake(
            key,
            blend=blend,
            frames=frames,
            output_blend=saved,
            cache=f"{base}-caches/{number}-{safe_name(kind)}-{safe_name(name.replace(':', '-'), 'simulation')}",
        )
        made = job.step(
            f"bake {number}",
            bake,
            after=after,
            memory_mb=settings.memory_mb,
            timeout_seconds=settings.timeout_minutes * 60,
            retries=settings.retries,
        )
        blend, after = saved, [made]
    return blend, after[0]


def add_render(settings: Settings, job: JobBuilder, baked: str, last: Step) -> None:
    """Frames of the baked file on any worker, and a preview."""
    render = job.step(
        "render",
        blender.render(
            frames=Task.frames,
            blend=baked,
            output="{output}/frames/####",
            format=still_format(settings.format, job.scene),
            skip_existing=settings.skip_existing,
        ),
        tasks=settings.frames.chunks(settings.chunk_size),
        after=last,
        memory_mb=settings.memory_mb,
        retries=settings.retries,
    )
    if settings.preview:
        preview = ffmpeg.encode(
            render.outputs_like("frames/*"), fps=settings.fps, frames=settings.frames, output="{output}/preview.mp4"
        )
        job.step("preview", preview, after=render)
