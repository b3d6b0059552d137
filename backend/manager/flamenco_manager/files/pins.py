"""Files that the server must get from here. They stay in the cache until it has them."""

from __future__ import annotations

import threading
from collections.abc import Collection

from sqlalchemy import delete, select

from flamenco_manager.db import Database
from flamenco_manager.files.models import PINS


class Pins:
    """Hashes with sizes, in memory and in the database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        with database.reading() as connection:
            self._pins: dict[str, int] = {row.sha256: row.size for row in connection.execute(select(PINS))}

    def __contains__(self, sha256: object) -> bool:
        return sha256 in self._pins

    def all(self) -> dict[str, int]:
        """Hash → size of all of them, oldest first."""
        with self._lock:
            return dict(self._pins)

    def add(self, files: dict[str, int]) -> None:
        """These are to be kept."""
        rows = [{"sha256": sha256, "size": size} for sha256, size in files.items() if sha256 not in self._pins]
        if rows:
            with self._database.writing() as connection:
                connection.execute(self._database.insert(PINS).on_conflict_do_nothing(), rows)
            with self._lock:
                self._pins.update({row["sha256"]: row["size"] for row in rows})  # type: ignore[misc]

    def remove(self, hashes: Collection[str]) -> None:
        """The server has these."""
        if hashes:
            with self._database.writing() as connection:
                connection.execute(delete(PINS).where(PINS.c.sha256.in_(sorted(hashes))))
            with self._lock:
                for sha256 in hashes:
                    self._pins.pop(sha256, None)
