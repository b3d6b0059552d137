"""Farms that are to be hurt, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from processes import new_database, postgres
from whole_farm import WholeFarm


@pytest.fixture(params=["sqlite", "postgresql"])
def farm(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[WholeFarm]:
    """A farm with one worker; server and manager on the same kind of database. Nothing of it is left at the end."""
    if request.param == "sqlite":
        yield from _farm(tmp_path, "", "")
        return
    with postgres() as maintenance:
        yield from _farm(tmp_path, new_database(maintenance, "server"), new_database(maintenance, "manager"))


def _farm(folder: Path, server: str, manager: str) -> Iterator[WholeFarm]:
    made = WholeFarm(folder, database_url=server, manager_database_url=manager)
    try:
        made.start()
        made.start_worker()
        yield made
    finally:
        made.close()
