"""Health, and who am I."""

from __future__ import annotations

from importlib.metadata import version

from sqlalchemy import text

from flamenco_server.context import core, principal
from flamenco_server.endpoints import Endpoints
from flamenco_server.modules.auth.principal import Role
from flamenco_server.modules.main.schemas import Health, Me

endpoint = Endpoints("main")


@endpoint("GET", "/health", answer=Health, everyone=True)
def health() -> Health:
    """Say that the server and its database answer."""
    with core().database.reading() as session:
        session.execute(text("select 1"))
    return Health("ok", version("flamenco"), "sqlite" if core().database.is_sqlite else "postgresql")


@endpoint("GET", "/me", answer=Me, role=Role.VIEWER, manager=True)
def me() -> Me:
    """Say who the token belongs to."""
    who = principal()
    return Me(who.kind, who.id, who.name, who.role.value if who.role else None)
