"""What the open file names and holds, read once for all checks, and kept as plain values."""

from __future__ import annotations

from collections.abc import Iterator

from ..subject import Step, Subject
from . import files, modifiers, nodes, simulations, strips


def look(subject: Subject) -> Iterator[Step]:
    """Fill the subject's lists."""
    yield from files.look(subject)
    yield from strips.look(subject)
    yield from modifiers.look(subject)
    yield from nodes.look(subject)
    yield from simulations.look(subject)
