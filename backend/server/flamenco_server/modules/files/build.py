"""From the configuration to the collaborators of this module."""

from __future__ import annotations

from collections.abc import Callable

from flamenco_server.config import ServerConfig
from flamenco_server.db import Database
from flamenco_server.modules.files.garbage import Collector
from flamenco_server.modules.files.service import TOUCH_SECONDS
from flamenco_server.modules.files.store import BlobStore, open_store


def build_store(config: ServerConfig) -> BlobStore:
    """The farm's file store."""
    staging = config.files_staging or config.data_dir / "staging"
    return open_store(config.files_location(), staging, config.files_options)


def build_collector(
    config: ServerConfig, database: Database, store: BlobStore, clock: Callable[[], float]
) -> Collector:
    """Garbage collection; a grace period below twice `TOUCH_SECONDS` would not be safe."""
    shortest = 2 * TOUCH_SECONDS
    return Collector(database, store, clock, max(config.files_grace_hours * 3600, shortest), shortest)
