"""Users, the tokens of users and managers, and how often somebody tried in vain."""

from __future__ import annotations

from sqlalchemy import Double, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from flamenco_server.db import NEVER_AGAIN, Base


class User(Base):
    """A person, or a program that acts for one."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    role: Mapped[str] = mapped_column(String(12))
    enabled: Mapped[bool] = mapped_column(default=True)
    password: Mapped[str | None] = mapped_column(String(300))  # hashed, with its parameters; None: signs in by tokens
    created_at: Mapped[float] = mapped_column(Double)


class Token(Base):
    """A secret that a user or a manager shows; only its hash is kept. Exactly one of the owners is set."""

    __tablename__ = "tokens"
    __table_args__ = NEVER_AGAIN

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(8))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    manager_id: Mapped[int | None] = mapped_column(ForeignKey("managers.id", ondelete="CASCADE"), index=True)
    sha256: Mapped[str] = mapped_column(String(64))
    label: Mapped[str] = mapped_column(String(200), default="")
    created_at: Mapped[float] = mapped_column(Double)
    created_by: Mapped[str] = mapped_column(String(100), default="", server_default="")
    expires_at: Mapped[float | None] = mapped_column(Double)  # set for sessions; None: until it is taken back
    used_at: Mapped[float | None] = mapped_column(Double)  # to the hour, of users only


class TriesRow(Base):
    """Vain tries of somebody or from somewhere, such as `name:zoe`; further ones wait until `until`."""

    __tablename__ = "tries"

    subject: Mapped[str] = mapped_column(String(200), primary_key=True)
    count: Mapped[int]
    last_at: Mapped[float] = mapped_column(Double, index=True)
    until: Mapped[float] = mapped_column(Double)
