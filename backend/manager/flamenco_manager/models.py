"""All tables, found by importing every package's models; migrations and tests need them together."""

from __future__ import annotations

import importlib

from sqlalchemy import MetaData

from flamenco_manager.db import metadata


def all_tables() -> MetaData:
    """The metadata with every table in it."""
    for package in ("workers", "assignments", "upstream", "files"):
        importlib.import_module(f"flamenco_manager.{package}.models")
    return metadata
