"""Tasks, runs, failures and outputs: many small rows, and the indexes by which claims find them.

Only one foreign key a table, along the chain job, step, task, run: each further one is a look-up for every row that is
written, and says nothing more.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Double, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from flamenco_server.db import NEVER_AGAIN, Base, BigKey, Json

_QUEUED = text("status = 'queued'")
_PROCESSING = text("status = 'processing'")
_LEASED = text("lease IS NOT NULL")


class Task(Base):
    """One unit of work. `params` is JSON text; together with its step's template it gives the commands."""

    __tablename__ = "tasks"
    __table_args__ = (
        Index("ix_tasks_queued", "step_id", "id", sqlite_where=_QUEUED, postgresql_where=_QUEUED),
        Index("ix_tasks_expiry", "lease_expires_at", sqlite_where=_PROCESSING, postgresql_where=_PROCESSING),
        Index("ix_tasks_processing", "job_id", "worker_id", sqlite_where=_PROCESSING, postgresql_where=_PROCESSING),
        Index("ix_tasks_lease", "lease", sqlite_where=_LEASED, postgresql_where=_LEASED),
        Index("ix_tasks_job_id_id", "job_id", "id"),
        Index("ix_tasks_step_id_id", "step_id", "id"),
        NEVER_AGAIN,
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    job_id: Mapped[int]
    # No foreign key: checking it for each row is half the cost of storing a large job. Steps go with `delete_steps`.
    step_id: Mapped[int]
    params: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(String(12))
    run_id: Mapped[str | None] = mapped_column(String(40))  # the run that owns it, or the last one that did
    worker_id: Mapped[str | None] = mapped_column(String(64))
    lease: Mapped[str | None] = mapped_column(String(64))
    lease_expires_at: Mapped[float | None] = mapped_column(Double)
    attempts: Mapped[int] = mapped_column(server_default="0")  # runs so far
    failures: Mapped[int] = mapped_column(server_default="0")  # runs that failed by the task's own fault
    losses: Mapped[int] = mapped_column(server_default="0")  # runs that machines lost
    reason: Mapped[str] = mapped_column(Text, server_default="")
    finished_at: Mapped[float | None] = mapped_column(Double)


class Run(Base):
    """One attempt at a task by one worker."""

    __tablename__ = "runs"
    __table_args__ = (
        Index("ix_runs_task_id", "task_id"),
        Index("ix_runs_job_id_started_at", "job_id", "started_at"),
        Index("ix_runs_worker_id_started_at", "worker_id", "started_at"),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    task_id: Mapped[int] = mapped_column(ForeignKey("tasks.id", ondelete="CASCADE"))
    job_id: Mapped[int]
    step_id: Mapped[int]
    manager_id: Mapped[int]
    worker_id: Mapped[str] = mapped_column(String(64))
    status: Mapped[str] = mapped_column(String(12))
    attempt: Mapped[int]
    seq: Mapped[int] = mapped_column(BigInteger, default=0)  # of the newest update; workers count milliseconds
    progress: Mapped[float | None] = mapped_column(Double)
    activity: Mapped[str] = mapped_column(Text, default="")
    reason: Mapped[str] = mapped_column(Text, default="")
    log_tail: Mapped[str] = mapped_column(Text, default="")
    peak_memory_mb: Mapped[int] = mapped_column(default=0)
    timings: Mapped[Any] = mapped_column(Json, default=list)
    commands: Mapped[Any] = mapped_column(Json, default=list)
    started_at: Mapped[float] = mapped_column(Double, index=True)
    updated_at: Mapped[float] = mapped_column(Double)
    finished_at: Mapped[float | None] = mapped_column(Double)


class TaskFailure(Base):
    """A worker that failed a task does not get it again while another could do it."""

    __tablename__ = "task_failures"
    __table_args__ = (Index("ix_task_failures_step_id_worker_id", "step_id", "worker_id"),)

    task_id: Mapped[int] = mapped_column(ForeignKey("tasks.id", ondelete="CASCADE"), primary_key=True)
    run_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    step_id: Mapped[int]
    job_id: Mapped[int] = mapped_column(index=True)
    worker_id: Mapped[str] = mapped_column(String(64))
    reason: Mapped[str] = mapped_column(Text)
    at: Mapped[float] = mapped_column(Double)


class Output(Base):
    """A file that a run made; one row a path, whichever run made it last."""

    __tablename__ = "outputs"
    __table_args__ = (Index("uq_outputs_job_id_root_path", "job_id", "root", "path", unique=True),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    job_id: Mapped[int]
    step_id: Mapped[int] = mapped_column(index=True)
    task_id: Mapped[int] = mapped_column(ForeignKey("tasks.id", ondelete="CASCADE"), index=True)
    run_id: Mapped[str] = mapped_column(String(40))
    root: Mapped[str] = mapped_column(String(8))
    path: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    size: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(String(12))
    frame: Mapped[int | None]
    width: Mapped[int] = mapped_column(default=0)
    height: Mapped[int] = mapped_column(default=0)
    layer: Mapped[str] = mapped_column(String(200), default="")
    thumbnail: Mapped[str] = mapped_column(String(64), default="", index=True)
    created_at: Mapped[float] = mapped_column(Double)


class EarlierOutput(Base):
    """What an output was before another run made it anew; its file stays for as long as unused files do."""

    __tablename__ = "earlier_outputs"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    output_id: Mapped[int] = mapped_column(ForeignKey("outputs.id", ondelete="CASCADE"), index=True)
    run_id: Mapped[str] = mapped_column(String(40))
    sha256: Mapped[str] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(BigInteger)
    width: Mapped[int]
    height: Mapped[int]
    thumbnail: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[float] = mapped_column(Double)
