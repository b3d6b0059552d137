"""The server that these tests call."""

from server_parts import farm

__all__ = ["farm"]
