"""Which files the farm has."""

from __future__ import annotations

from sqlalchemy import BigInteger, Double, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from flamenco_server.db import Base


class File(Base):
    """A file whose bytes are whole in the store.

    `used_at` is when somebody last sent it or asked for it: garbage collection spares it for a while after that. A
    condemned file counts as absent; its bytes are about to go, or are gone.
    """

    __tablename__ = "files"
    __table_args__ = (Index("ix_files_used_at", "used_at"),)

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    size: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[float] = mapped_column(Double)
    used_at: Mapped[float] = mapped_column(Double)
    condemned: Mapped[bool] = mapped_column(default=False)
