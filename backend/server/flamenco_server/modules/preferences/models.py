"""A person's settings, and presets that all share."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Double, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from flamenco_server.db import Base, Json


class UserSetting(Base):
    """One setting of one user; what it means only the program knows that keeps it."""

    __tablename__ = "user_settings"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    value: Mapped[Any] = mapped_column(Json)
    changed_at: Mapped[float] = mapped_column(Double)


class SubmissionPreset(Base):
    """Values of a job type's settings under a name."""

    __tablename__ = "submission_presets"

    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    label: Mapped[str] = mapped_column(String(200))
    job_type: Mapped[str] = mapped_column(String(100))
    values: Mapped[Any] = mapped_column(Json)
    owner: Mapped[str] = mapped_column(String(100))
    changed_at: Mapped[float] = mapped_column(Double)
