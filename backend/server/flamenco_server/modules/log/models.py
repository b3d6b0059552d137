"""The operation log, and the events that the event stream sends."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Double, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from flamenco_server.db import Base, Json

# SQLite counts up by itself only on a plain INTEGER key.
BigKey = BigInteger().with_variant(Integer, "sqlite")


class Operation(Base):
    """One thing that somebody did."""

    __tablename__ = "operation_log"
    __table_args__ = (Index("ix_operation_log_kind_object_id", "kind", "object_id"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    at: Mapped[float] = mapped_column(Double)
    actor: Mapped[str] = mapped_column(String(100))
    action: Mapped[str] = mapped_column(String(50))
    kind: Mapped[str] = mapped_column(String(20))
    object_id: Mapped[str] = mapped_column(String(64))
    detail: Mapped[str] = mapped_column(default="")


class EventRow(Base):
    """One change that watchers want to know of; its id is the `Last-Event-ID`, so it never comes twice."""

    __tablename__ = "events"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    at: Mapped[float] = mapped_column(Double)
    kind: Mapped[str] = mapped_column(String(20))
    object_id: Mapped[str] = mapped_column(String(64))
    job_id: Mapped[int | None]
    data: Mapped[Any] = mapped_column(Json)
