"""Hosts that are this machine alone."""

from __future__ import annotations

import pytest
from flamenco_common.hosts import is_loopback


@pytest.mark.parametrize(
    ("host", "here"),
    [
        ("localhost", True), ("LocalHost", True), ("127.0.0.1", True), ("127.8.0.1", True), ("::1", True),
        ("0.0.0.0", False), ("::", False), ("", False), ("192.168.0.2", False), ("127.studio.example", False),
    ],
)  # fmt: skip
def test_loopback(host: str, here: bool) -> None:
    assert is_loopback(host) is here
