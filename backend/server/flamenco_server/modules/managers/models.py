"""Managers, the mirror of their workers, and what people wish of those."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Double, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from flamenco_server.db import NEVER_AGAIN, Base, Json


class Manager(Base):
    """A manager, one a site."""

    __tablename__ = "managers"
    __table_args__ = NEVER_AGAIN

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    enabled: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[float] = mapped_column(Double)
    last_seen_at: Mapped[float | None] = mapped_column(Double)
    address: Mapped[str] = mapped_column(String(200), default="", server_default="")  # where its workers reach it


class Worker(Base):
    """What a manager said last of one of its workers. Abilities and tags are JSON text, which claims cache by."""

    __tablename__ = "workers"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    manager_id: Mapped[int] = mapped_column(ForeignKey("managers.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(12))
    enabled: Mapped[bool] = mapped_column(default=True)
    reason: Mapped[str] = mapped_column(Text, default="")
    abilities: Mapped[str] = mapped_column(Text)
    tags: Mapped[str] = mapped_column(Text, default="[]")
    created_at: Mapped[float] = mapped_column(Double)
    last_seen_at: Mapped[float] = mapped_column(Double)
    faulty: Mapped[str] = mapped_column(Text, default="")  # why the server set it aside; a person clears it
    failed_in_row: Mapped[int] = mapped_column(default=0)  # failed runs since the last completed one
    failed_jobs: Mapped[Any] = mapped_column(Json, default=list)  # of which jobs


class WorkerWish(Base):
    """What people asked of a worker; managers learn of it by its revision, which grows over the whole farm."""

    __tablename__ = "worker_wishes"

    worker_id: Mapped[str] = mapped_column(ForeignKey("workers.id", ondelete="CASCADE"), primary_key=True)
    revision: Mapped[int] = mapped_column(index=True)
    enabled: Mapped[bool] = mapped_column(default=True)
    state: Mapped[str] = mapped_column(String(12), default="run")
    when: Mapped[str] = mapped_column(String(8), default="after")
    tags: Mapped[Any] = mapped_column(Json, default=list)
    schedule: Mapped[str] = mapped_column(String(500), default="")
