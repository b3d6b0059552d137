"""Health, and who am I."""

from __future__ import annotations

from importlib.metadata import version
from typing import Literal

from flamenco_common.documents import MANAGER_ADDRESS
from flask import request
from sqlalchemy import text

from flamenco_server.context import core, principal
from flamenco_server.endpoints import Endpoints
from flamenco_server.helpers.moments import moment
from flamenco_server.modules.auth.models import Token, User
from flamenco_server.modules.auth.principal import Role
from flamenco_server.modules.main.schemas import Health, Me
from flamenco_server.modules.managers.service import note_address

endpoint = Endpoints("main")

API = 1  # grows when something of the API changes its meaning; what is only added does not count
_MAY: tuple[tuple[Role, Literal["see", "submit", "change_all_jobs", "administer"]], ...] = (
    (Role.VIEWER, "see"), (Role.ARTIST, "submit"), (Role.SUPERVISOR, "change_all_jobs"), (Role.ADMIN, "administer"),
)  # fmt: skip


@endpoint("GET", "/health", answer=Health, everyone=True)
def health() -> Health:
    """Say that the server and its database answer."""
    with core().database.reading() as session:
        session.execute(text("select 1"))
    return Health("ok", version("flamenco"), "sqlite" if core().database.is_sqlite else "postgresql", API)


@endpoint("GET", "/me", answer=Me, role=Role.VIEWER, manager=True)
def me() -> Me:
    """Say who the token belongs to, what they may do, and which server this is."""
    who = principal()
    address = request.headers.get(MANAGER_ADDRESS, "")
    if who.kind == "manager" and address:
        core().database.write(lambda session: note_address(session, who.id, address))
    with core().database.reading() as session:
        token = session.get(Token, who.token_id)
        user = session.get(User, who.id) if who.kind == "user" else None
    return Me(
        kind=who.kind, id=who.id, name=who.name, role=who.role.value if who.role else None,
        version=version("flamenco"), api=API, may=[word for role, word in _MAY if who.has(role)],
        has_password=user is not None and user.password is not None, token_id=who.token_id,
        token_label=token.label if token else "", token_expires_at=moment(token.expires_at) if token else None,
        dashboard_url=core().config.dashboard_url,
    )  # fmt: skip
