"""What goes wrong by a person's doing: one sentence that the worker passes on as it stands."""

from __future__ import annotations


class Problem(Exception):
    """The file, its settings or the request cannot give what is asked for."""
