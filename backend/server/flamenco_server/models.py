"""All tables, found by importing every module's models; migrations and tests need them together."""

from __future__ import annotations

import importlib
import pkgutil

from sqlalchemy import MetaData

from flamenco_server import modules
from flamenco_server.db import Base


def all_tables() -> MetaData:
    """The metadata with every table of every module in it."""
    for found in pkgutil.iter_modules(modules.__path__):
        package = importlib.import_module(f"{modules.__name__}.{found.name}")
        if any(part.name == "models" for part in pkgutil.iter_modules(package.__path__)):
            importlib.import_module(f"{package.__name__}.models")
    return Base.metadata
