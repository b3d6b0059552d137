"""Files of real Blenders, a real server, and a link to it that breaks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from breaking_link import BreakingLink
from client_files import built
from flamenco_client.hashing import Hashes
from served_farm import Served, served

__all__ = ["built", "hashes", "link", "served"]


@pytest.fixture
def hashes(tmp_path: Path) -> Hashes:
    """A cache of this test's own."""
    return Hashes(tmp_path / "cache")


@pytest.fixture
def link(served: Served) -> Iterator[BreakingLink]:
    """A way to the server that can be cut."""
    made = BreakingLink(served.port)
    yield made
    made.close()
