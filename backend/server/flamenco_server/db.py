"""The database: engine, sessions, and how SQLite and PostgreSQL are told to behave.

A reader uses `reading()`, a writer `writing()` or, where it may run twice, `write(work)`. A writer on SQLite takes the
database's one write lock at once (BEGIN IMMEDIATE), so it never fails half way. On PostgreSQL whoever changes a job's
tasks first locks the job's row, rows in the order of their ids; so there are no deadlocks among our own transactions.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from sqlalchemy import BigInteger, Connection, Engine, Integer, MetaData, Text, create_engine, event
from sqlalchemy.engine import Dialect, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.types import TypeDecorator

from flamenco_server.errors import BadConfig, Unavailable

T = TypeVar("T")
_WRITE = "flamenco_write"
_PRAGMAS = ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=30000", "foreign_keys=ON", "cache_size=-65536")
_AGAIN = {"40001", "40P01"}  # serialization failure, deadlock


class Base(DeclarativeBase):
    """All tables of the server; names of constraints are fixed so that migrations can speak of them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class Json(TypeDecorator[Any]):
    """A small document, stored as JSON text."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's signature
        """To text."""
        return None if value is None else msgspec.json.encode(value).decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:  # noqa: ARG002 - SQLAlchemy's signature
        """From text."""
        return None if value is None else msgspec.json.decode(value)


# SQLite counts up by itself only on a plain INTEGER key.
BigKey = BigInteger().with_variant(Integer, "sqlite")
# SQLite would give the id of a deleted row again: a worker would then take an old job's folder for the new one's.
NEVER_AGAIN = {"sqlite_autoincrement": True}


class Database:
    """One engine and the ways to use it."""

    def __init__(self, url: str) -> None:
        backend = _backend(url)
        self.is_sqlite = backend == "sqlite"
        self.engine = _sqlite_engine(url) if self.is_sqlite else _postgres_engine(url)
        self._writer = self.engine.execution_options(**{_WRITE: True})
        # SQLite's own wait for its write lock polls and is unfair; threads of this process queue here instead.
        self._turn = threading.Lock() if self.is_sqlite else nullcontext()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session to read with; nothing is committed."""
        with Session(self.engine, autoflush=False) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session whose work is committed at the end, or undone if an error leaves the block."""
        with self._turn, Session(self._writer, expire_on_commit=False) as session, session.begin():
            yield session

    def write(self, work: Callable[[Session], T], tries: int = 5) -> T:
        """Do `work` in one transaction, again if the database took it back because of another one."""
        for left in range(tries, 0, -1):
            try:
                with self.writing() as session:
                    return work(session)
            except DBAPIError as error:
                if left == 1 or not _worth_again(error):
                    raise
        raise Unavailable("the database is too busy")

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()


def _worth_again(error: DBAPIError) -> bool:
    """A deadlock; or a connection that broke, whose transaction the database undid: the pool then opens another."""
    return error.connection_invalidated or getattr(error.orig, "sqlstate", None) in _AGAIN


def _backend(url: str) -> str:
    """The kind of database at `url`. Raises `BadConfig`."""
    try:
        backend = make_url(url).get_backend_name()
    except ArgumentError as error:
        raise BadConfig("the database URL cannot be read: write it like postgresql://farm@db/flamenco") from error
    if backend not in ("sqlite", "postgresql"):
        raise BadConfig(f"the database is SQLite or PostgreSQL, not {backend}")
    return backend


def _sqlite_engine(url: str) -> Engine:
    file = make_url(url).database
    if not file or file == ":memory:":
        raise BadConfig("the server's SQLite database must be a file")
    try:
        Path(file).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadConfig(f"the data folder {Path(file).parent} cannot be made: {error.strerror}") from error
    engine = create_engine(url, pool_size=20, max_overflow=20, connect_args={"check_same_thread": False, "timeout": 30})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _postgres_engine(url: str) -> Engine:
    return create_engine(url, pool_size=10, max_overflow=20)


def _prepare_sqlite(connection: Any, record: Any) -> None:  # noqa: ARG001 - SQLAlchemy's signature
    connection.isolation_level = None  # we say BEGIN ourselves
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITE, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
