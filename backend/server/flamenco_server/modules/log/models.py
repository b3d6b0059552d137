"""The operation log, the events that the event stream sends, and the logs of runs and machines that people read."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Double, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from flamenco_server.db import Base, BigKey, Json


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


LOG_NAME = 80  # characters; the id of a run, or `worker.` or `manager.` before such an id


class LogWishRow(Base):
    """Somebody reads a log, `run_id` its name: its manager is to bring it until then."""

    __tablename__ = "log_wishes"

    run_id: Mapped[str] = mapped_column(String(LOG_NAME), primary_key=True)
    manager_id: Mapped[int] = mapped_column(index=True)
    until: Mapped[float] = mapped_column(Double, index=True)


class LogState(Base):
    """What the server has of a log: `have` bytes of `size` (-1: not heard of); `finished` when no more comes."""

    __tablename__ = "log_states"

    run_id: Mapped[str] = mapped_column(String(LOG_NAME), primary_key=True)
    have: Mapped[int] = mapped_column(BigInteger, default=0)
    size: Mapped[int] = mapped_column(BigInteger, default=0)
    finished: Mapped[bool] = mapped_column(default=False)
    touched_at: Mapped[float] = mapped_column(Double, index=True)


class LogPiece(Base):
    """A piece of a log; `offset` in bytes."""

    __tablename__ = "log_chunks"

    run_id: Mapped[str] = mapped_column(String(LOG_NAME), primary_key=True)
    offset: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    text: Mapped[str] = mapped_column(Text)
