"""Render a frame range, then encode a preview of it."""

from dataclasses import dataclass

from flamenco_common.authoring import Frames, JobBuilder, Scene, Task, blender, ffmpeg, setting


@dataclass(frozen=True)
class Settings:
    """What an artist may choose."""

    frames: Frames = setting(source=Scene.FRAME_RANGE, help="Frames to render, like 1-100 or 1,5,9-20")
    chunk_size: int = setting(1, minimum=1, help="Frames a task; 1 is best, Blender stays open between tasks")
    preview: bool = setting(True, help="Encode a video when all frames are done")


def compile_job(settings: Settings, job: JobBuilder) -> None:
    """One task a chunk of frames; a preview when all are done."""
    render = job.step(
        "render",
        blender.render(frames=Task.frames, output="{output}/frames/####"),
        tasks=settings.frames.chunks(settings.chunk_size),
    )
    if settings.preview:
        job.step(
            "preview",
            ffmpeg.encode(render.outputs, fps=Scene.FPS, frames=settings.frames, output="{output}/preview.mp4"),
            after=render,
        )
