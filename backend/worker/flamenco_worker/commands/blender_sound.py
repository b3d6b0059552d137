"""Write a scene's sound."""

from __future__ import annotations

from pathlib import Path

from flamenco_common.commands import BlenderMixdown

from flamenco_worker.commands.base import CommandContext, Made
from flamenco_worker.commands.blender_render import frames_of
from flamenco_worker.errors import CommandFailed
from flamenco_worker.execute.session import BlenderDied


def mixdown(command: BlenderMixdown, context: CommandContext) -> None:
    """Write the sound of a scene's frames as one lossless file; a scene without sound writes none."""
    root, path = context.relative(command.output)
    frames = frames_of(command.frames)
    file = context.scratch / Path(path).name
    try:
        session = context.blenders.ready(command, context)
        answer = session.ask("mixdown", first=frames[0], last=frames[-1], file=str(file))
    except BlenderDied as error:
        context.blenders.close()
        raise error.error() from error
    if not answer["seconds"]:
        context.reporter.log("the scene has no sound")
        return
    if not file.is_file():
        raise CommandFailed("Blender did not write the scene's sound")
    context.reporter.output(Made(file, path, root, "audio"))
