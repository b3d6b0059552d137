"""Whether simulations are baked: what Blender says, what lies on the disk, and what is packed into a .blend."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from flamenco_client.errors import ClientError
from flamenco_client.simulations import Packed, packed_bakes

from .disk import Disk
from .subject import SimulationUse


class Bakes:
    """The answers, in a thread; each .blend is read once."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self._packed = cache(packed_in)

    def made(self, use: SimulationUse) -> bool | None:
        """Whether a simulation is baked; None if nobody can tell."""
        if use.baked is not None:
            return use.baked
        if not use.packed:
            return bool(use.folder and self._disk.names(use.folder))
        found = self._packed(use.holder)
        if found is not None and (use.place.name, use.place.part, use.zone) in found:
            return True
        return False if use.sure and found is not None else None


def packed_in(blend: str) -> Packed | None:
    """The bakes that are packed into a .blend; None if it cannot be read, or was never saved."""
    try:
        return packed_bakes(Path(blend)) if blend else None
    except ClientError:
        return None
