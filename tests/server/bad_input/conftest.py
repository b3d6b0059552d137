"""The server that these tests call."""

from server_farm import database_url, postgres_server, site

__all__ = ["database_url", "postgres_server", "site"]
