"""The table of workers, and of small facts that the manager must remember."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Double, Integer, String, Table, Text

from flamenco_manager.db import Words, metadata

WORKERS = Table(
    "workers",
    metadata,
    Column("number", Integer, primary_key=True),  # stands in the worker's token
    Column("id", String(64), nullable=False, unique=True),
    Column("identity", String(200), nullable=False, unique=True),
    Column("name", Words, nullable=False),
    Column("abilities", Text, nullable=False),  # JSON
    Column("token_hash", String(64), nullable=False),
    Column(
        "previous_hash", String(64), nullable=False
    ),  # counts until the newer token was used: its answer may get lost
    Column("state", String(20), nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("wish_state", String(20), nullable=False),
    Column("wish_when", String(20), nullable=False),
    Column("done_state", String(20), nullable=False),
    Column("tags", Text, nullable=False),  # JSON
    Column("schedule", Text, nullable=False),
    Column("session", Integer, nullable=False),  # grows whenever it signs in holding nothing
    Column("unreported", Boolean, nullable=False),  # the server does not know this state of it
    Column("registered_at", Double, nullable=False),
    sqlite_autoincrement=True,
)

FACTS = Table(
    "facts",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("value", Text, nullable=False),
)
