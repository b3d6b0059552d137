"""Bake a simulation."""

from __future__ import annotations

from flamenco_common.commands import BlenderBake

from flamenco_worker.commands.base import CommandContext
from flamenco_worker.errors import CommandFailed


def bake(command: BlenderBake, context: CommandContext) -> None:
    """Bake one simulation; save the file with its cache."""
    raise CommandFailed("not built yet")
