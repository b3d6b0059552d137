"""Files of real Blenders, and a real server."""

from client_files import built
from served_farm import served

__all__ = ["built", "served"]
