"""A real server, and the command line in this process with settings of its own."""

from flamenco_here import flamenco, home
from served_farm import served

__all__ = ["flamenco", "home", "served"]
