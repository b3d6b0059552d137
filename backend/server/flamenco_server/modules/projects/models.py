"""Projects."""

from __future__ import annotations

from sqlalchemy import Double, String, Text, false
from sqlalchemy.orm import Mapped, mapped_column

from flamenco_server.db import Base


class Project(Base):
    """What jobs belong to; `allow_scripts` lets Blender run the scripts in its .blend files, `archived` ones take no jobs."""

    __tablename__ = "projects"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    description: Mapped[str] = mapped_column(Text, default="")
    allow_scripts: Mapped[bool] = mapped_column(default=False)
    archived: Mapped[bool] = mapped_column(default=False, server_default=false())
    created_at: Mapped[float] = mapped_column(Double)
