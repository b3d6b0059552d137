"""Write a merged picture as its scene would have written it."""

from __future__ import annotations

from pathlib import Path

import OpenEXR
from flamenco_common.commands import BlenderWriteImage

from flamenco_worker.commands.base import CommandContext, Made
from flamenco_worker.commands.blender_render import with_number
from flamenco_worker.errors import CommandFailed
from flamenco_worker.execute.session import BlenderDied


def write_image(command: BlenderWriteImage, context: CommandContext) -> None:
    """Write a scene-linear EXR in the scene's own format and colour management."""
    sources = context.resolve(command.image)
    if len(sources) != 1:
        raise CommandFailed(f"one merged picture is to be written, and there are {len(sources)}")
    root, pattern = context.relative(command.output)
    folder = context.scratch / "image"
    folder.mkdir(parents=True, exist_ok=True)
    width, height = _size(sources[0][1])
    try:
        session = context.blenders.ready(command, context)
        session.opened = None  # its compositor is another one afterwards
        answer = session.ask(
            "write_image",
            source=str(sources[0][1]),
            width=width,
            height=height,
            folder=str(folder),
            number=command.frame,
        )
    except BlenderDied as error:
        context.blenders.close()
        raise error.error() from error
    for note in answer["notes"]:
        context.reporter.log(f"warning: {note}")
    if not answer["files"]:
        raise CommandFailed(f"Blender wrote no picture from {sources[0][0].path}")
    for suffix, file in answer["files"].items():
        path = with_number(pattern, command.frame) + suffix
        context.reporter.output(Made(Path(file), path, root, "image", command.frame, answer["width"], answer["height"]))
    for path, file in answer["extras"].items():
        context.reporter.output(Made(Path(file), path, root, "image", command.frame))


def _size(picture: Path) -> tuple[int, int]:
    """Width and height of an EXR. Raises `CommandFailed` if it is none."""
    try:
        with OpenEXR.File(str(picture), header_only=True) as file:
            low, high = file.header()["dataWindow"]
    except (RuntimeError, ValueError, KeyError) as error:
        raise CommandFailed(f"{picture.name} cannot be read as an EXR: {error}") from error
    return int(high[0] - low[0]) + 1, int(high[1] - low[1]) + 1
