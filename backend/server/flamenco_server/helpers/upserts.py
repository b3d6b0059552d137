"""Insert or update in one statement, on either database."""

from __future__ import annotations

from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from flamenco_server.db import Base


def upsert(session: Session, table: type[Base]) -> Any:
    """An insert that can say `on_conflict_do_…`, of the session's database."""
    postgres = session.get_bind().dialect.name == "postgresql"
    return postgresql.insert(table) if postgres else sqlite.insert(table)
