"""A manager below a played server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from played_server import Played


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Played]:
    """The manager, on a fresh disk."""
    made = Played(tmp_path)
    yield made
    made.database.close()
