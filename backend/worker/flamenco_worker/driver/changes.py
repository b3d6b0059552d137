"""Settings that are changed for a while and then put back."""

from __future__ import annotations

import contextlib
from typing import Any


class Changes:
    """Changed attributes and what they were. Equal values are not written: a write makes Blender evaluate anew."""

    def __init__(self) -> None:
        self._before: list[tuple[Any, str, Any]] = []

    def set(self, owner: Any, name: str, value: Any) -> None:
        """Set `owner.name` if it is there and differs."""
        if not hasattr(owner, name):
            return
        before = getattr(owner, name)
        if before != value:
            setattr(owner, name, value)
            self._before.append((owner, name, before))

    def note(self, owner: Any, name: str) -> None:
        """Remember what `owner.name` is: the caller changes it, or Blender does so on its own."""
        self._before.append((owner, name, getattr(owner, name)))

    def undo(self) -> None:
        """Put everything back, the last change first."""
        while self._before:
            owner, name, value = self._before.pop()
            with contextlib.suppress(ReferenceError):  # gone with its data
                setattr(owner, name, value)
