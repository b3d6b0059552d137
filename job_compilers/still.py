"""Render one picture on many workers: tiles, ranges of Cycles samples, or both, merged with no seams."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from flamenco_common.authoring import (
    FORMAT_CHOICES,
    SCENE_FORMAT,
    BadSetting,
    JobBuilder,
    Scene,
    Step,
    Task,
    blender,
    image,
    safe_name,
    setting,
    still_format,
)

MOST_ACROSS = 64
LEAST_PIXELS = 8  # of a tile's side: thinner ones cost more than they bring


@dataclass(frozen=True)
class Settings:
    """What an artist may choose."""

    frame: int = setting(1, source=Scene.FRAME, help="The frame to render")
    tiles: str = setting("4x4", help="Tiles across and down, like 4x4; 1x1: no tiles")
    sample_ranges: int = setting(
        1,
        minimum=1,
        maximum=1024,
        label="Sample ranges",
        help="Parts that the Cycles samples are split into, each rendered on its own; 1: no split",
    )
    samples: int = setting(
        0, source=Scene.SAMPLES, minimum=0, help="Cycles samples of the picture in all; 0: as the scene says"
    )
    format: str = setting(
        SCENE_FORMAT,
        choices=FORMAT_CHOICES,
        label="File format",
        help="Format of the picture; scene: the scene's own, and PNG where that is a movie",
    )
    camera: str = setting("", help="Camera to render with; empty: the scene's, with its markers")
    gpu: bool = setting(False, label="GPU only", help="Only workers with a GPU that Blender can render on")
    memory_mb: int = setting(0, minimum=0, label="Memory (MB)", help="Memory that a worker must have; 0: any")
    retries: int = setting(2, minimum=0, maximum=20, help="How often a failed task is tried again")


def compile_job(settings: Settings, job: JobBuilder) -> None:
    """Render the parts to scene-linear EXR, merge samples, merge tiles, write the scene's own format."""
    check_camera(settings, job)
    name = f"{safe_name(job.name)}_{settings.frame:04}"
    tiles = list(tile_boxes(settings, job))
    ranges = list(sample_ranges(settings, job))
    merged = f"{{output}}/merged/{name}.exr"
    made = render_parts(settings, job, tiles, ranges)
    if len(ranges) > 1:
        made = merge_samples(job, made, tiles, merged)
    if len(tiles) > 1 or len(ranges) == 1:
        size = {"width": tiles[0]["width"], "height": tiles[0]["height"]}
        made = job.step("merge", image.merge_tiles(made.outputs, output=merged, **size), after=made)
    written = still_format(settings.format, job.scene)
    job.step(
        "write",
        blender.write_image(
            made.outputs,
            output=f"{{output}}/{name}",
            frame=settings.frame,
            overrides={"format": written} if written else {},
        ),
        after=made,
    )


def check_camera(settings: Settings, job: JobBuilder) -> None:
    """Find a misspelt name now and not on a worker."""
    cameras = job.scene.get(Scene.CAMERAS.value)
    if settings.camera and cameras is not None and settings.camera not in cameras:
        named = ", ".join(cameras) or "none"
        raise BadSetting("camera", f"the scene has no camera {settings.camera!r}; its cameras are {named}")


def tile_boxes(settings: Settings, job: JobBuilder) -> Iterator[dict[str, int]]:
    """The tiles in whole pixels, row by row from the bottom up; together they are the picture."""
    columns, rows = columns_and_rows(settings.tiles)
    width, height = (int(job.value(source)) for source in (Scene.WIDTH, Scene.HEIGHT))
    if (columns > 1 and width // columns < LEAST_PIXELS) or (rows > 1 and height // rows < LEAST_PIXELS):
        raise BadSetting(
            "tiles", f"{settings.tiles} tiles of {width}x{height} pixels would be thinner than {LEAST_PIXELS} pixels"
        )
    for row in range(rows):
        for column in range(columns):
            yield {
                "x0": column * width // columns, "x1": (column + 1) * width // columns,
                "y0": row * height // rows, "y1": (row + 1) * height // rows,
                "width": width, "height": height,
            }  # fmt: skip


def columns_and_rows(tiles: str) -> tuple[int, int]:
    """Read tiles like 4x4. Raises `BadSetting`."""
    match = re.fullmatch(r"\s*(\d{1,4})\s*[xX×]\s*(\d{1,4})\s*", tiles)
    if not match:
        raise BadSetting("tiles", f"tiles {tiles!r} cannot be read: write them across and down, like 4x4")
    columns, rows = int(match[1]), int(match[2])
    if not (1 <= columns <= MOST_ACROSS and 1 <= rows <= MOST_ACROSS):
        raise BadSetting("tiles", f"tiles are {tiles}; there may be 1 to {MOST_ACROSS} each way")
    return columns, rows


def sample_ranges(settings: Settings, job: JobBuilder) -> Iterator[dict[str, int]]:
    """The ranges in whole samples that add up; one without numbers if the samples are not split."""
    if settings.sample_ranges == 1:
        yield {}
        return
    if job.value(Scene.ENGINE) != "CYCLES":
        raise BadSetting("sample_ranges", "only Cycles can render ranges of samples; use tiles")
    parts, total = settings.sample_ranges, settings.samples
    if total < parts:
        raise BadSetting("sample_ranges", f"{total} samples cannot be split into {parts} ranges")
    for part in range(parts):
        offset, end = part * total // parts, (part + 1) * total // parts
        yield {"offset": offset, "count": end - offset, "total": total}


def render_parts(
    settings: Settings, job: JobBuilder, tiles: list[dict[str, int]], ranges: list[dict[str, int]]
) -> Step:
    """One task for each tile of each range; the worker adds both to the names of the files.

    A picture in one piece is a tile too, so that it too is denoised after the merge; one in ranges of samples is none.
    """
    tiled = len(tiles) > 1 or len(ranges) == 1
    split: dict[str, object] = {"tile": Task.tile} if tiled else {}
    if len(ranges) > 1:
        split["samples"] = Task.samples
    wanted = settings.samples
    cycles = job.scene.get(Scene.ENGINE.value) == "CYCLES"
    if cycles and wanted and wanted != job.scene.get(Scene.SAMPLES.value):
        split["overrides"] = {"samples": wanted}
    tasks = [
        {**({"tile": tile} if tiled else {}), **({"samples": part} if part else {})}
        for part in ranges
        for tile in tiles
    ]
    return job.step(
        "render",
        blender.render(
            frames=str(settings.frame),
            output="{output}/parts/####",
            format="OPEN_EXR_MULTILAYER",
            camera=settings.camera,
            sequencer=False,
            **split,
        ),
        tasks=tasks,
        gpu=settings.gpu,
        memory_mb=settings.memory_mb,
        retries=settings.retries,
    )


def merge_samples(job: JobBuilder, parts: Step, tiles: list[dict[str, int]], merged: str) -> Step:
    """The mean of each tile's ranges, or of the whole picture's."""
    if len(tiles) == 1:
        return job.step("merge samples", image.merge_samples(parts.outputs, output=merged), after=parts)
    boxes = ["x{x0}-{x1}_y{y0}-{y1}".format(**tile) for tile in tiles]
    return job.step(
        "merge samples",
        image.merge_samples({"step": parts.name, "pattern": Task["pattern"]}, output=Task.output),
        tasks=[{"pattern": f"*_{box}_s*", "output": f"{{output}}/tiles/tile_{box}.exr"} for box in boxes],
        after=parts,
    )
