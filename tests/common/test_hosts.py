"""Hosts that are this machine alone, and its address for others."""

from __future__ import annotations

import pytest
from flamenco_common.hosts import address_of, is_loopback


@pytest.mark.parametrize(
    ("host", "here"),
    [
        ("localhost", True), ("LocalHost", True), ("127.0.0.1", True), ("127.8.0.1", True), ("::1", True),
        ("0.0.0.0", False), ("::", False), ("", False), ("192.168.0.2", False), ("127.studio.example", False),
    ],
)  # fmt: skip
def test_loopback(host: str, here: bool) -> None:
    assert is_loopback(host) is here


def test_the_address_for_others_is_one_of_this_machine() -> None:
    assert address_of("127.0.0.1") == "127.0.0.1"
    found = address_of("0.0.0.0")
    assert found.count(".") == 3
    assert found != "0.0.0.0"
