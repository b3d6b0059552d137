"""Write a scene's sound."""

from __future__ import annotations

from flamenco_common.commands import BlenderMixdown

from flamenco_worker.commands.base import CommandContext
from flamenco_worker.errors import CommandFailed


def mixdown(command: BlenderMixdown, context: CommandContext) -> None:
    """Write sound."""
    raise CommandFailed("not built yet")
