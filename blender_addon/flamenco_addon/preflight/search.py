"""Look for files that are not where they are said to be: below the project's root, by their names."""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Callable

MOST_FILES, MOST_SECONDS = 200_000, 5.0  # a project may be a whole disk


class Search:
    """The files below a folder by their names; the folder is walked once, when the first is asked for."""

    def __init__(self, top: Callable[[], str], check: Callable[[], None] = lambda: None) -> None:
        """`top` tells the folder, empty for none; `check` is called often and raises to end the work."""
        self._top, self._check = top, check
        self._found: dict[str, list[str]] | None = None

    def only(self, name: str) -> str:
        """The one file of that name; empty if there is none, or several."""
        if self._found is None:
            self._found = self._walk(self._top())
        found = self._found.get(name, [])
        return found[0] if len(found) == 1 else ""

    def _walk(self, top: str) -> dict[str, list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        count, until = 0, time.monotonic() + MOST_SECONDS
        for folder, folders, files in os.walk(top) if top else ():
            self._check()
            folders[:] = [each for each in folders if not each.startswith(".")]
            for name in files:
                found[name].append(os.path.join(folder, name))  # noqa: PTH118 - very many
            count += len(files)
            if count > MOST_FILES or time.monotonic() > until:
                return {}  # not all was seen: another one of the same name may be where nobody looked
        return found
