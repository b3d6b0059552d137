"""Bake one simulation; the saved file and its cache are outputs like any other."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
from flamenco_common.commands import BlenderBake
from flamenco_common.paths import BadPath, join_inside

from flamenco_worker.commands.base import CommandContext, Made
from flamenco_worker.commands.blender_render import frames_of
from flamenco_worker.errors import CommandFailed
from flamenco_worker.execute.session import BlenderDied

_FRAME = re.compile(r"^(?:Fra:|bake: frame )(-?\d+)")


def bake(command: BlenderBake, context: CommandContext) -> None:
    """Bake a simulation up to the last of `frames`, and save the file with its cache."""
    root, path = _inside(command.output_blend, context)
    cache_root, cache = _inside(command.cache, context)
    # In the folder of the final name, so that relative paths in the saved file are right.
    final = Path(command.output_blend)
    working = final.with_name(f".{final.stem}-{context.assignment.run_id}.blend")
    working.parent.mkdir(parents=True, exist_ok=True)
    try:
        answer = _baked(command, context, working)
    except BaseException:
        working.unlink(missing_ok=True)
        raise
    for file in answer["files"]:
        below = Path(file).relative_to(command.cache).as_posix()
        context.reporter.output(Made(Path(file), f"{cache}/{below}", cache_root, "cache"))
    if not working.is_file():
        raise CommandFailed(f"Blender did not save {final.name}")
    context.reporter.output(Made(working, path, root, "blend"))


def _inside(path: str, context: CommandContext) -> tuple[str, str]:
    """A path that Blender itself writes below, and whose folder it may empty: it has to stay inside of its root."""
    root, relative = context.relative(path)
    try:
        join_inside(context.job_root if root == "job" else context.output_root, relative)
    except BadPath as error:
        raise CommandFailed(str(error)) from error
    return root, relative


def _baked(command: BlenderBake, context: CommandContext, working: Path) -> dict[str, Any]:
    frames = frames_of(command.frames)
    # The saved file is the artist's: only what a simulation depends on is set in it.
    kept = {name: value for name, value in command.overrides.items() if name == "fps"}
    command = msgspec.structs.replace(command, overrides=kept)

    def progress(text: str) -> None:
        if match := _FRAME.search(text):
            done = (int(match[1]) - frames[0]) / max(1, frames[-1] - frames[0])
            context.reporter.progress(done, f"baking {command.simulation}: frame {match[1]} of {frames[-1]}")

    try:
        session = context.blenders.ready(command, context, progress)
        session.opened = None  # baked, it is another file than the one that was opened
        return session.ask(
            "bake", simulation=command.simulation, last=frames[-1], blend=str(working), cache=command.cache
        )
    except BlenderDied as error:
        context.blenders.close()
        raise CommandFailed(f"the bake of {command.simulation} failed: {error}") from error
