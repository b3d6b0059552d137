"""The tables of runs and of leases that are being asked for."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Double, Index, Integer, String, Table, Text, text

from flamenco_manager.db import BigKey, Words, metadata

_OPEN = text("status = 'processing'")

RUNS = Table(
    "runs",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("worker_id", String(64), nullable=False),
    Column("task_id", BigKey, nullable=False),
    Column("job_id", BigKey, nullable=False),
    Column("document", Text, nullable=False),  # the TaskDocument; empty once it is over
    Column("status", String(20), nullable=False),
    Column("reason", Words, nullable=False),  # why it is over, where the worker is to be told
    Column("seq", BigInteger, nullable=False),  # of its newest update
    Column("log_size", BigInteger, nullable=False),  # bytes of its log that count
    Column("starts", Integer, nullable=False),  # sessions of its worker that got it
    Column("session", Integer, nullable=False),  # the newest of them
    Column("claimed_at", Double, nullable=False),
    Column("finished_at", Double, nullable=True),
    Index("ix_runs_open", "worker_id", sqlite_where=_OPEN, postgresql_where=_OPEN),
    Index("ix_runs_finished_at", "finished_at"),
)

LEASES = Table(
    "leases",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("workers", Text, nullable=False),  # JSON list of ids
)
