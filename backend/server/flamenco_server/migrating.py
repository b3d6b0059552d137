"""Bring a database to the newest schema."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from flamenco_server.db import Database
from flamenco_server.errors import BadConfig

_LOCK = 4_610_202_1  # of PostgreSQL: two servers that start at once must not both migrate


def migrate(database: Database) -> None:
    """Run the migrations that are missing; none is the normal case."""
    with database.engine.connect() as connection:
        if not database.is_sqlite:
            connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": _LOCK})
        try:
            command.upgrade(alembic_config(connection), "head")
            connection.commit()
        finally:
            if not database.is_sqlite:
                connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": _LOCK})
                connection.commit()


def alembic_config(connection: Connection) -> Config:
    """What Alembic needs to know, without a file."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config


def check_migrated(database: Database) -> None:
    """Raise `BadConfig` if the database is not at the newest schema."""
    with database.engine.connect() as connection:
        newest = ScriptDirectory.from_config(alembic_config(connection)).get_current_head()
        if MigrationContext.configure(connection).get_current_revision() != newest:
            raise BadConfig("the database has an older schema: run `flamenco server migrate` first")
