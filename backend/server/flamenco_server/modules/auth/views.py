"""Users and tokens over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import func, select

from flamenco_server.context import core, principal
from flamenco_server.endpoints import Endpoints
from flamenco_server.errors import Invalid, NotAllowed
from flamenco_server.helpers.paging import Page, page
from flamenco_server.modules.auth import service
from flamenco_server.modules.auth.models import Token, User
from flamenco_server.modules.auth.passwords import hash_password
from flamenco_server.modules.auth.principal import Role
from flamenco_server.modules.auth.schemas import (
    MadeToken,
    MadeUser,
    NewToken,
    NewUser,
    TokenAnswer,
    TokenQuery,
    UserAnswer,
    UserChange,
    UserQuery,
)  # fmt: skip
from flamenco_server.modules.managers.models import Manager

endpoint = Endpoints("auth")


@endpoint("GET", "/users", query=UserQuery, answer=Page[UserAnswer], role=Role.ADMIN)
def list_users(query: UserQuery) -> Page[UserAnswer]:
    """List users."""
    statement = select(User)
    if query.name:
        statement = statement.where(User.name.icontains(query.name, autoescape=True))
    if query.role is not None:
        statement = statement.where(User.role == query.role.value)
    if query.enabled is not None:
        statement = statement.where(User.enabled == query.enabled)
    sorts: Any = {"name": User.name, "created": User.created_at, "role": User.role, "id": User.id}
    key: Any = User.id
    with core().database.reading() as session:
        return page(session, statement, query, sorts, key, lambda row: service.present_user(row[0]))


@endpoint("POST", "/users", body=NewUser, answer=MadeUser, status=201, role=Role.ADMIN)
def create_user(body: NewUser) -> MadeUser:
    """Make a user; the answer tells their token, once."""
    now, actor = core().clock(), principal().name
    stored = hash_password(body.password) if body.password is not None else None
    with core().database.writing() as session:
        user = service.create_user(session, body.name, body.role, actor, now)
        user.password = stored
        _, text = service.issue(session, user, "first", actor, now)
        return MadeUser(token=text, **msgspec.structs.asdict(service.present_user(user)))


@endpoint("PATCH", "/users/<int:user_id>", body=UserChange, answer=UserAnswer, role=Role.ADMIN)
def change_user(user_id: int, body: UserChange) -> UserAnswer:
    """Change a user's role, disable them, or give them a password, which ends their sessions."""
    stored = hash_password(body.password) if body.password is not None else None
    with core().database.writing() as session:
        user = service.change_user(session, user_id, body.role, body.enabled, principal().name)
        if stored is not None:
            service.set_password(session, user, stored, principal().name)
        answer = service.present_user(user)
    core().auth.forget()
    return answer


@endpoint("DELETE", "/users/<int:user_id>", status=204, role=Role.ADMIN)
def delete_user(user_id: int) -> None:
    """Remove a user and their tokens."""
    with core().database.writing() as session:
        service.delete_user(session, user_id, principal().name)
    core().auth.forget()


@endpoint("GET", "/tokens", query=TokenQuery, answer=Page[TokenAnswer], role=Role.VIEWER)
def list_tokens(query: TokenQuery) -> Page[TokenAnswer]:
    """List tokens: all for admins, one's own for others."""
    owner = func.coalesce(User.name, Manager.name)
    statement = (
        select(Token, owner)
        .outerjoin(User, User.id == Token.user_id)
        .outerjoin(Manager, Manager.id == Token.manager_id)
    )
    if not principal().has(Role.ADMIN):
        statement = statement.where(Token.user_id == principal().id)
    if query.kind:
        statement = statement.where(Token.kind == query.kind)
    if query.owner:
        statement = statement.where(owner == query.owner)
    sorts: Any = {"id": Token.id, "created": Token.created_at}
    key: Any = Token.id
    with core().database.reading() as session:
        return page(session, statement, query, sorts, key, lambda row: service.present_token(row[0], row[1]))


@endpoint("POST", "/tokens", body=NewToken, answer=MadeToken, status=201, role=Role.VIEWER)
def create_token(body: NewToken) -> MadeToken:
    """Make a token; the answer tells it, once. Only admins make them for others."""
    who = principal()
    user = body.user or ("" if body.manager else who.name)
    if (user != who.name or body.manager) and not who.has(Role.ADMIN):
        raise NotAllowed("only admins make tokens for others")
    expires_at = None if body.expires_at is None else later(body.expires_at, core().clock())
    with core().database.writing() as session:
        owner = service.owner_named(session, user, body.manager)
        token, text = service.issue(session, owner, body.label, who.name, core().clock(), expires_at)
        return MadeToken(token=text, **msgspec.structs.asdict(service.present_token(token, owner.name)))


def later(wanted: datetime, now: float) -> float:
    """A time to come, as it is stored. Raises `Invalid`."""
    try:
        seconds = wanted.timestamp()
    except (OverflowError, ValueError, OSError):
        seconds = 0.0
    if seconds <= now:
        raise Invalid("the token would have expired already", "expires_at")
    return seconds


@endpoint("DELETE", "/tokens/<int:token_id>", status=204, role=Role.VIEWER)
def delete_token(token_id: int) -> None:
    """Take a token back."""
    who = principal()
    with core().database.writing() as session:
        own = session.scalar(select(Token.id).where(Token.id == token_id, Token.user_id == who.id))
        if own is None and not who.has(Role.ADMIN):
            raise NotAllowed("only admins take back the tokens of others")
        service.delete_token(session, token_id, who.name)
    core().auth.forget()
