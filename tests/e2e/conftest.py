"""One farm of two workers with three Blenders each, for all end-to-end tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from whole_farm import WholeFarm

SERIES = ("3.4", "4.5", "5.0")


@pytest.fixture(scope="session")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WholeFarm]:
    """Server, manager and two workers; nothing of them is left at the end."""
    made = WholeFarm(tmp_path_factory.mktemp("farm"))
    try:
        made.start()
        for name in ("left", "right"):
            made.start_worker(name, SERIES, threads=1)
        yield made
    finally:
        made.close()


@pytest.fixture
def result(tmp_path: Path) -> Path:
    """Where a test fetches results to."""
    return tmp_path / "result"
