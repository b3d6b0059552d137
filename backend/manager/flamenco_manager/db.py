"""The manager's database, SQLite or PostgreSQL: one writer at a time, in threads of one process.

What the hot calls need is kept in memory too (see `workers.fleet` and `assignments.book`) and read from here at the start; a
change is written here first.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import BigInteger, Connection, Engine, Integer, MetaData, Table, Text, create_engine, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.types import TypeDecorator

from flamenco_manager.errors import BadConfig

_PRAGMAS = ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=30000", "foreign_keys=ON")

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
# SQLite counts up by itself only on a plain INTEGER key.
BigKey = BigInteger().with_variant(Integer, "sqlite")


class Words(TypeDecorator[str]):
    """Text from elsewhere; a zero character, which PostgreSQL cannot store, is left out."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's signature
        """To the database."""
        return None if value is None else value.replace("\0", "")


class Database:
    """One engine and the ways to use it. Raises `BadConfig` if the URL is none of ours."""

    def __init__(self, url: str) -> None:
        try:
            self._is_sqlite = make_url(url).get_backend_name() == "sqlite"
            self.engine = _sqlite(url) if self._is_sqlite else create_engine(url, pool_pre_ping=True)
        except (ArgumentError, ImportError) as error:
            raise BadConfig(f"the database_url cannot be used: {error}") from error
        # SQLite's own wait for its write lock polls and is unfair; threads queue here instead.
        self._turn = threading.Lock()

    def insert(self, table: Table) -> Any:
        """An insert that can say `on_conflict_do_…`."""
        return sqlite.insert(table) if self._is_sqlite else postgresql.insert(table)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection to read with."""
        with self.engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A connection whose work is committed at the end, or undone if an error leaves the block."""
        with self._turn, self.engine.begin() as connection:
            yield connection

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()


def _sqlite(url: str) -> Engine:
    engine = create_engine(url, pool_size=8, max_overflow=32, connect_args={"check_same_thread": False, "timeout": 30})
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: Any, record: Any) -> None:  # noqa: ARG001 - SQLAlchemy's signature
    connection.isolation_level = None  # we say BEGIN ourselves
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")
