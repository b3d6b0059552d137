"""Settings by name."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Double, String
from sqlalchemy.orm import Mapped, mapped_column

from flamenco_server.db import Base, Json


class SettingRow(Base):
    """A setting that somebody changed; one that is absent has its default."""

    __tablename__ = "settings"

    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    value: Mapped[Any] = mapped_column(Json)
    changed_at: Mapped[float] = mapped_column(Double)
    changed_by: Mapped[str] = mapped_column(String(100))
