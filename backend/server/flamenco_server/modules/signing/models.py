"""What waits for somebody: sign-ins of programs, and invitations. Only hashes of their codes are kept."""

from __future__ import annotations

from sqlalchemy import Double, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from flamenco_server.db import NEVER_AGAIN, Base


class SignInRow(Base):
    """A program that asks to act for a user who says yes in the browser: pending, approved, denied, then told."""

    __tablename__ = "sign_ins"
    __table_args__ = NEVER_AGAIN

    id: Mapped[int] = mapped_column(primary_key=True)
    device_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    code_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    program: Mapped[str] = mapped_column(String(200))
    address: Mapped[str] = mapped_column(String(100))
    state: Mapped[str] = mapped_column(String(8))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    created_at: Mapped[float] = mapped_column(Double)
    expires_at: Mapped[float] = mapped_column(Double, index=True)


class InviteRow(Base):
    """A code that sets a password once: of a user, or, without one, of the first admin."""

    __tablename__ = "invites"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[float] = mapped_column(Double)
    created_by: Mapped[str] = mapped_column(String(100))
    expires_at: Mapped[float] = mapped_column(Double)
