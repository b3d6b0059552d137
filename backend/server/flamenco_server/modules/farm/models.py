"""What the farm did, summed up as it happens, so that nothing is counted when somebody looks."""

from __future__ import annotations

from sqlalchemy import BigInteger, Double, String
from sqlalchemy.orm import Mapped, mapped_column

from flamenco_server.db import Base


class Work:
    """What runs did in some stretch of time."""

    busy_seconds: Mapped[float] = mapped_column(Double, default=0.0)
    completed: Mapped[int] = mapped_column(default=0)  # runs, as the two below
    failed: Mapped[int] = mapped_column(default=0)
    lost: Mapped[int] = mapped_column(default=0)
    frames: Mapped[int] = mapped_column(default=0)


class WorkSlot(Work, Base):
    """Five minutes of one manager's workers. One row a manager, so that managers never wait for each other's."""

    __tablename__ = "work_slots"

    start: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    manager_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    workers: Mapped[int] = mapped_column(default=0)  # the most that could take work


class WorkerHour(Work, Base):
    """An hour of one worker."""

    __tablename__ = "worker_hours"

    worker_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    start: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False, index=True)


class Total(Base):
    """A sum that is kept up to date, such as the bytes of all files."""

    __tablename__ = "totals"

    name: Mapped[str] = mapped_column(String(50), primary_key=True)
    value: Mapped[int] = mapped_column(BigInteger, default=0)
