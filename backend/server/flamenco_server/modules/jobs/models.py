"""Jobs, their steps and their files. Jobs and steps carry a counter per task status, so nothing ever counts tasks."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Double, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from flamenco_server.db import NEVER_AGAIN, Base, Json


class Counted:
    """How many tasks are in each status; changed in the transaction that moves a task."""

    n_waiting: Mapped[int] = mapped_column(default=0)
    n_queued: Mapped[int] = mapped_column(default=0)
    n_processing: Mapped[int] = mapped_column(default=0)
    n_completed: Mapped[int] = mapped_column(default=0)
    n_failed: Mapped[int] = mapped_column(default=0)
    n_canceled: Mapped[int] = mapped_column(default=0)
    busy_seconds: Mapped[float] = mapped_column(Double, default=0.0)  # of completed runs, for the time that is left
    busy_runs: Mapped[int] = mapped_column(default=0)  # how many those were


class Job(Counted, Base):
    """What somebody submitted. Everything that a new compilation needs is kept as it was sent."""

    __tablename__ = "jobs"
    __table_args__ = (Index("ix_jobs_state_id", "state", "id"), NEVER_AGAIN)

    id: Mapped[int] = mapped_column(primary_key=True)
    client_token: Mapped[str] = mapped_column(String(200), unique=True)
    name: Mapped[str] = mapped_column(String(300))
    type: Mapped[str] = mapped_column(String(100))
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"), index=True)
    owner: Mapped[str] = mapped_column(String(100), index=True)  # name of the user who submitted it
    priority: Mapped[int] = mapped_column(default=50)
    state: Mapped[str] = mapped_column(String(12))
    settings: Mapped[Any] = mapped_column(Json)
    scene: Mapped[Any] = mapped_column(Json)
    preset: Mapped[str] = mapped_column(String(100), default="")
    overrides: Mapped[Any] = mapped_column(Json)
    blend: Mapped[str] = mapped_column(Text, default="")
    blender: Mapped[str] = mapped_column(String(20), default="")
    storage: Mapped[str] = mapped_column(String(12))
    job_root: Mapped[str] = mapped_column(Text, default="")
    output_root: Mapped[str] = mapped_column(Text, default="")
    max_workers: Mapped[int] = mapped_column(default=0)
    tags: Mapped[Any] = mapped_column(Json)
    allow_missing: Mapped[bool] = mapped_column(default=False)
    comment: Mapped[str] = mapped_column(Text, default="")
    archived: Mapped[bool] = mapped_column(default=False)
    reason: Mapped[str] = mapped_column(Text, default="")
    thumbnail: Mapped[str] = mapped_column(String(64), default="")
    created_at: Mapped[float] = mapped_column(Double, index=True)
    started_at: Mapped[float | None] = mapped_column(Double)
    finished_at: Mapped[float | None] = mapped_column(Double)


class Step(Counted, Base):
    """One kind of work in a job: a template that each of its tasks fills. Hot documents are plain JSON text."""

    __tablename__ = "steps"
    __table_args__ = (Index("ix_steps_job_id_position", "job_id", "position", unique=True), NEVER_AGAIN)

    id: Mapped[int] = mapped_column(primary_key=True)
    job_id: Mapped[int] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"))
    position: Mapped[int]
    name: Mapped[str] = mapped_column(String(100))
    template: Mapped[str] = mapped_column(Text)
    requirements: Mapped[str] = mapped_column(Text)
    after: Mapped[Any] = mapped_column(Json)  # names of the steps that it waits for
    timeout_seconds: Mapped[int] = mapped_column(default=0)
    retries: Mapped[int] = mapped_column(default=2)


class JobFile(Base):
    """A file that came with a job."""

    __tablename__ = "job_files"

    job_id: Mapped[int] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    path: Mapped[str] = mapped_column(Text, primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    size: Mapped[int] = mapped_column(BigInteger)
