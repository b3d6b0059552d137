"""The server that these tests call, with passwords that are quick to check."""

import pytest
from flamenco_server.modules.auth import passwords
from server_farm import database_url, site

__all__ = ["database_url", "site"]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stored parameters say how a password is checked, so cheap ones are as right as dear ones."""
    monkeypatch.setattr(passwords, "_METHOD", "scrypt:1024:8:1")
    passwords._nobodys.cache_clear()
