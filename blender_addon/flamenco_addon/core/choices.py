"""What an artist chose last, a .blend each; kept in the user's config folder, never in the .blend."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

from flamenco_client.account import write_secret
from flamenco_client.errors import LocalFault
from flamenco_client.places import config_folder

MOST_BLENDS = 500


class Choices:
    """Choices by .blend and name. The most recently changed .blends are kept."""

    def __init__(self, folder: Path | None = None) -> None:
        self._file = (folder or config_folder()) / "choices.json"
        self._all: dict[str, dict[str, Any]] = self._read()
        self._changed = False

    def _read(self) -> dict[str, dict[str, Any]]:
        with contextlib.suppress(OSError, ValueError):
            found = json.loads(self._file.read_text(encoding="utf-8"))
            if isinstance(found, dict):
                return {str(blend): dict(values) for blend, values in found.items() if isinstance(values, dict)}
        return {}

    def get(self, blend: str, name: str, default: Any = None) -> Any:
        """A choice; `default` if it was never made."""
        return self._all.get(blend, {}).get(name, default)

    def set(self, blend: str, name: str, value: Any) -> None:
        """Make a choice; None forgets it."""
        values = self._all.pop(blend, {})
        values[name] = value
        if value is None:
            del values[name]
        self._all[blend] = values
        self._changed = True

    def all(self, blend: str) -> dict[str, Any]:
        """All choices for a .blend."""
        return dict(self._all.get(blend, {}))

    def save(self) -> None:
        """Write what changed; that it cannot be written is no reason to stop working."""
        if not self._changed:
            return
        kept = dict(list(self._all.items())[-MOST_BLENDS:])
        with contextlib.suppress(LocalFault):
            write_secret(self._file, json.dumps(kept, indent=1) + "\n")
        self._changed = False
