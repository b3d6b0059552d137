"""Render frames, then encode a preview of them."""

import re
from dataclasses import dataclass

from flamenco_common.authoring import (
    FORMAT_CHOICES,
    SCENE_FORMAT,
    VIDEO_CODECS,
    BadSetting,
    Frames,
    JobBuilder,
    Scene,
    Step,
    Task,
    blender,
    ffmpeg,
    setting,
    still_format,
    video_file,
)

SEQUENCER = {"auto": None, "on": True, "off": False}


@dataclass(frozen=True)
class Settings:
    """What an artist may choose."""

    frames: Frames = setting(source=Scene.FRAME_RANGE, help="Frames to render, like 1-100 or 1,5,9-20 or 1-9x2")
    chunk_size: int = setting(
        1,
        minimum=1,
        maximum=10_000,
        label="Chunk size",
        help="Frames a task; 1 is best, Blender stays open between tasks",
    )
    format: str = setting(
        SCENE_FORMAT,
        choices=FORMAT_CHOICES,
        label="File format",
        help="Format of the frames; scene: the scene's own, and PNG where that is a movie",
    )
    view_layers: tuple[str, ...] = setting(
        (), label="View layers", help="View layers to render, with commas; empty: all that the scene renders"
    )
    split_view_layers: bool = setting(
        False, label="A file a view layer", help="Write each view layer to files of its own, in a folder of its name"
    )
    camera: str = setting("", help="Camera to render with; empty: the scene's, with its markers")
    sequencer: str = setting(
        "auto",
        choices=tuple(SEQUENCER),
        help="Render the video sequencer's edit (on), the scene itself (off), or as the scene is set up (auto)",
    )
    skip_existing: bool = setting(
        True, label="Skip rendered frames", help="Skip frames already rendered: their whole files are kept"
    )
    preview: bool = setting(True, help="Encode a video when all frames are done")
    preview_codec: str = setting("h264", choices=VIDEO_CODECS, label="Preview codec", help="Codec of that video")
    fps: float = setting(
        24.0, source=Scene.FPS, minimum=0.01, maximum=1000, label="Frame rate", help="Frames a second of the preview"
    )
    gpu: bool = setting(False, label="GPU only", help="Only workers with a GPU that Blender can render on")
    memory_mb: int = setting(0, minimum=0, label="Memory (MB)", help="Memory that a worker must have; 0: any")
    timeout_minutes: int = setting(
        0,
        minimum=0,
        maximum=43_200,
        label="Time limit (minutes)",
        help="Give an attempt at a task up after this; 0: never",
    )
    retries: int = setting(2, minimum=0, maximum=20, help="How often a failed task is tried again")


def compile_job(settings: Settings, job: JobBuilder) -> None:
    """One task a chunk of frames; a preview when all are done."""
    check_names(settings, job)
    folder = "{output}/frames/{layer}" if settings.split_view_layers else "{output}/frames"
    render = job.step(
        "render",
        blender.render(
            frames=Task.frames,
            output=f"{folder}/####",
            format=still_format(settings.format, job.scene),
            view_layers=settings.view_layers,
            split_view_layers=settings.split_view_layers,
            camera=settings.camera,
            sequencer=SEQUENCER[settings.sequencer],
            skip_existing=settings.skip_existing,
        ),
        tasks=settings.frames.chunks(settings.chunk_size),
        gpu=settings.gpu,
        memory_mb=settings.memory_mb,
        timeout_seconds=settings.timeout_minutes * 60,
        retries=settings.retries,
    )
    if settings.preview:
        add_preview(settings, job, render)


def check_names(settings: Settings, job: JobBuilder) -> None:
    """Find a misspelt name now and not on a worker."""
    cameras = job.scene.get(Scene.CAMERAS.value)
    if settings.camera and cameras is not None and settings.camera not in cameras:
        named = ", ".join(cameras) or "none"
        raise BadSetting("camera", f"the scene has no camera {settings.camera!r}; its cameras are {named}")
    layers = job.scene.get(Scene.VIEW_LAYERS.value)
    for layer in settings.view_layers:
        if layers is not None and layer not in layers:
            named = ", ".join(layers) or "none"
            raise BadSetting("view_layers", f"the scene renders no view layer {layer!r}; it renders {named}")


def add_preview(settings: Settings, job: JobBuilder, render: Step) -> None:
    """A video of all frames; of the first view layer where each has files of its own."""
    inputs = render.outputs_like("frames/*")  # not what file output nodes of the compositor write beside them
    if settings.split_view_layers:
        layers = settings.view_layers or tuple(job.value(Scene.VIEW_LAYERS))
        if not layers:
            raise BadSetting("split_view_layers", "the scene renders no view layer")
        # Workers replace what not every file name takes, each character by one.
        folder = re.sub(r"^\.|\.$|[^A-Za-z0-9_.-]", "?", layers[0])
        inputs = render.outputs_like(f"frames/{folder}/*")
    job.step(
        "preview",
        ffmpeg.encode(
            inputs,
            fps=settings.fps,
            frames=settings.frames,
            output=video_file("{output}/preview", settings.preview_codec),
            codec=settings.preview_codec,
        ),
        after=render,
    )
