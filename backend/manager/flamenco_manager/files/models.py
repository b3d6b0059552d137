"""The table of files that the server must get from here; they are kept until it has them."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, String, Table

from flamenco_manager.db import metadata

PINS = Table(
    "pins",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("size", BigInteger, nullable=False),
)
