"""Write a merged picture as the scene would; write the scene's sound."""

from __future__ import annotations

from flamenco_common.commands import BlenderMixdown, BlenderWriteImage

from flamenco_worker.commands.base import CommandContext
from flamenco_worker.errors import CommandFailed


def write_image(command: BlenderWriteImage, context: CommandContext) -> None:
    """Write a picture."""
    raise CommandFailed("not built yet")


def mixdown(command: BlenderMixdown, context: CommandContext) -> None:
    """Write sound."""
    raise CommandFailed("not built yet")
