"""Tokens with which workers join, and which workers did."""

from __future__ import annotations

from sqlalchemy import Double, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from flamenco_server.db import NEVER_AGAIN, Base


class Enrolment(Base):
    """A secret that lets some workers join, for a while; only its hash is kept."""

    __tablename__ = "enrolments"
    __table_args__ = NEVER_AGAIN

    id: Mapped[int] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64))
    label: Mapped[str] = mapped_column(String(200))
    manager_id: Mapped[int | None] = mapped_column(ForeignKey("managers.id", ondelete="CASCADE"))  # None: any
    uses_left: Mapped[int]
    created_at: Mapped[float] = mapped_column(Double)
    created_by: Mapped[str] = mapped_column(String(100))
    expires_at: Mapped[float] = mapped_column(Double)


class EnrolmentUse(Base):
    """A worker that joined: if the answer was lost, it may ask again."""

    __tablename__ = "enrolment_uses"

    enrolment_id: Mapped[int] = mapped_column(ForeignKey("enrolments.id", ondelete="CASCADE"), primary_key=True)
    identity: Mapped[str] = mapped_column(String(200), primary_key=True)
    at: Mapped[float] = mapped_column(Double)
