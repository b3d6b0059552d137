"""The server that these tests call."""

from server_farm import database_url, site

__all__ = ["database_url", "site"]
