"""The table of updates that the server does not have yet."""

from __future__ import annotations

from sqlalchemy import Column, Index, LargeBinary, String, Table

from flamenco_manager.db import BigKey, metadata

OUTBOX = Table(
    "outbox",
    metadata,
    Column("number", BigKey, primary_key=True),
    Column("run_id", String(64), nullable=False),
    Column("body", LargeBinary, nullable=False),  # the RunUpdate as JSON
    Index("ix_outbox_run_id", "run_id"),
    sqlite_autoincrement=True,
)
