"""From an Authorization header to who asks, without asking the database every time."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import math
import secrets
from collections.abc import Callable

from sqlalchemy import or_, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from flamenco_server.db import Database
from flamenco_server.errors import NotAuthenticated
from flamenco_server.modules.auth.models import Token, User
from flamenco_server.modules.auth.principal import Principal, Role
from flamenco_server.modules.managers.models import Manager

KINDS = ("user", "manager")
_MOST_CACHED = 4096
_USE_SECONDS = 3600.0  # how exactly it is known when a token was used


def new_secret() -> str:
    """The random part of a token."""
    return secrets.token_hex(24)


def hashed(token: str) -> str:
    """What is stored of a token. It is random and long, so a plain hash is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


class Authenticator:
    """Verifies tokens `KIND_ID_SECRET`; believes one again for a short while without the database."""

    def __init__(self, database: Database, clock: Callable[[], float], cache_seconds: float) -> None:
        self._database = database
        self._clock = clock
        self._seconds = cache_seconds
        self._known: dict[str, tuple[float, Principal]] = {}
        self._used: dict[int, float] = {}  # token of a user -> when that was last written down

    def principal(self, header: str) -> Principal:
        """Who shows that header. Raises `NotAuthenticated`."""
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise NotAuthenticated("this needs a token: send the header Authorization: Bearer TOKEN")
        digest = hashed(token.strip())
        now = self._clock()
        known = self._known.get(digest)
        if known and known[0] > now:
            return known[1]
        with self._database.reading() as session:
            found, expires = self._look_up(session, token.strip(), digest)
        self._remember(digest, min(now + self._seconds, expires), found)
        return found

    def owner_of(self, token_id: int) -> tuple[Principal, str]:
        """Whom a token belongs to, and the hash that is stored of it. Raises `NotAuthenticated`."""
        with self._database.reading() as session:
            row = session.get(Token, token_id)
            if row is None:
                raise NotAuthenticated("the token was taken back")
            self._check_time(row)
            return self._owner(session, row), row.sha256

    def note_use(self, who: Principal) -> None:
        """Write down, once an hour, that a user's token is in use. Of managers, whose calls are many, it is not kept."""
        now = self._clock()
        if who.kind != "user" or self._used.get(who.token_id, 0.0) > now - _USE_SECONDS:
            return
        if len(self._used) >= _MOST_CACHED:
            self._used = {}
        self._used[who.token_id] = now
        stale = or_(Token.used_at.is_(None), Token.used_at <= now - _USE_SECONDS)
        statement = update(Token).where(Token.id == who.token_id, stale).values(used_at=now)
        # A full disk must not keep people from looking.
        with contextlib.suppress(SQLAlchemyError):
            self._database.write(lambda session: session.execute(statement))

    def forget(self) -> None:
        """Ask the database again for every token; called when a token or an owner changed."""
        self._known = {}

    def _remember(self, digest: str, until: float, found: Principal) -> None:
        if len(self._known) >= _MOST_CACHED:
            self.forget()
        self._known[digest] = (until, found)

    def _look_up(self, session: Session, token: str, digest: str) -> tuple[Principal, float]:
        """Whose token it is, and when it expires."""
        kind, _, rest = token.partition("_")
        number, _, _ = rest.partition("_")
        # Length-bounded so that an absurd id never reaches the database.
        if kind == "worker":
            raise NotAuthenticated("the token of a worker is for its manager, not for the server")
        if kind not in KINDS or not number.isascii() or not number.isdigit() or len(number) > 9:
            raise NotAuthenticated("that is not a token of this farm")
        row = session.get(Token, int(number))
        stored = row.sha256 if row is not None and row.kind == kind else "0" * 64
        if not hmac.compare_digest(stored, digest) or row is None:
            raise NotAuthenticated("the token is not valid, or was taken back")
        self._check_time(row)
        if row.used_at is not None:
            self._used[row.id] = max(row.used_at, self._used.get(row.id, 0.0))
        return self._owner(session, row), math.inf if row.expires_at is None else row.expires_at

    def _check_time(self, token: Token) -> None:
        if token.expires_at is not None and token.expires_at <= self._clock():
            raise NotAuthenticated("the token has expired: sign in again")

    @staticmethod
    def _owner(session: Session, token: Token) -> Principal:
        if token.kind == "manager":
            manager = session.scalar(select(Manager).where(Manager.id == token.manager_id))
            if manager is None or not manager.enabled:
                raise NotAuthenticated("this manager is disabled")
            return Principal("manager", manager.id, manager.name, token_id=token.id)
        user = session.scalar(select(User).where(User.id == token.user_id))
        if user is None or not user.enabled:
            raise NotAuthenticated("this user is disabled")
        return Principal("user", user.id, user.name, Role(user.role), token.id)
