"""From an Authorization header to who asks, without asking the database every time."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable

from sqlalchemy import select
from sqlalchemy.orm import Session

from flamenco_server.db import Database
from flamenco_server.errors import NotAuthenticated
from flamenco_server.modules.auth.models import Token, User
from flamenco_server.modules.auth.principal import Principal, Role
from flamenco_server.modules.managers.models import Manager

KINDS = ("user", "manager")
_MOST_CACHED = 4096


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
            found = self._look_up(session, token.strip(), digest)
        self._remember(digest, now, found)
        return found

    def owner_of(self, token_id: int) -> tuple[Principal, str]:
        """Whom a token belongs to, and the hash that is stored of it. Raises `NotAuthenticated`."""
        with self._database.reading() as session:
            row = session.get(Token, token_id)
            if row is None:
                raise NotAuthenticated("the token was taken back")
            return self._owner(session, row), row.sha256

    def forget(self) -> None:
        """Ask the database again for every token; called when a token or an owner changed."""
        self._known = {}

    def _remember(self, digest: str, now: float, found: Principal) -> None:
        if len(self._known) >= _MOST_CACHED:
            self.forget()
        self._known[digest] = (now + self._seconds, found)

    def _look_up(self, session: Session, token: str, digest: str) -> Principal:
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
        return self._owner(session, row)

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
