"""Sessions of people: begun with a password or an invitation, ended by signing out or when their time is over."""

from __future__ import annotations

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from flamenco_server.db import Database
from flamenco_server.errors import Invalid, NotAllowed, NotAuthenticated, NotFound
from flamenco_server.helpers.moments import moment_of
from flamenco_server.modules.auth.authenticator import hashed, new_secret
from flamenco_server.modules.auth.models import Token, User
from flamenco_server.modules.auth.passwords import check_password, hash_password
from flamenco_server.modules.auth.principal import Role
from flamenco_server.modules.auth.service import get_user, issue, set_password
from flamenco_server.modules.auth.throttle import Subject, forget, give_back, spend_try
from flamenco_server.modules.log.service import record
from flamenco_server.modules.signing.models import InviteRow
from flamenco_server.modules.signing.schemas import SignedIn, SignIn

INVITED_SECONDS = 3 * 86400.0
_WRONG = "the name or the password is wrong"


class Sessions:
    """Begins and ends sessions that live for `seconds`. Passwords are checked outside of transactions: that is slow."""

    def __init__(self, database: Database, seconds: float) -> None:
        self._database = database
        self._seconds = seconds

    def sign_in(self, body: SignIn, network: str, now: float) -> SignedIn:
        """A session for who knows the password. Raises `NotAuthenticated` or `TooMany`."""
        here = Subject("name and place", f"{body.name}@{network}", free=5)
        # Guesses from many places slow down too, but not so far that they could keep somebody out.
        others = [Subject("name", body.name, free=50, longest=60.0), Subject("place", network, free=30)]
        self._database.write(lambda session: spend_try(session, [here, *others], now))
        with self._database.reading() as session:
            user = session.scalar(select(User).where(User.name == body.name))
        if not check_password(user.password if user is not None else None, body.password) or user is None:
            raise NotAuthenticated(_WRONG)
        if not user.enabled:
            raise NotAuthenticated("this user is disabled")

        def begin(session: Session) -> SignedIn:
            forget(session, here)
            give_back(session, others)
            return self.begin(session, get_user(session, user.id), body.program, now)

        return self._database.write(begin)

    def begin(self, session: Session, user: User, program: str, now: float) -> SignedIn:
        """A session for that user; theirs that are over go."""
        session.execute(delete(Token).where(Token.user_id == user.id, Token.expires_at <= now))
        token, text = issue(session, user, program, user.name, now, now + self._seconds)
        expires = moment_of(token.expires_at or now)
        return SignedIn(token=text, name=user.name, role=Role(user.role), expires_at=expires)

    def end(self, token_id: int, actor: str) -> None:
        """Take the token in use back."""

        def work(session: Session) -> None:
            session.execute(delete(Token).where(Token.id == token_id))
            record(session, actor, "sign out", "token", token_id)

        self._database.write(work)

    def change_password(self, user_id: int, old: str, new: str, token_id: int, network: str, now: float) -> None:
        """Give oneself another password; other sessions end. Raises `NotAllowed` or `TooMany`."""
        with self._database.reading() as session:
            if get_user(session, user_id).name == new:
                raise Invalid("a password must not be the user's name", "new")
        tries = [Subject("password of user", str(user_id), free=5), Subject("place", network, free=30)]
        self._database.write(lambda session: spend_try(session, tries, now))
        with self._database.reading() as session:
            user = get_user(session, user_id)
        if user.password is not None and not check_password(user.password, old):
            raise NotAllowed("the old password is wrong")
        before, stored = user.password, hash_password(new)

        def work(session: Session) -> None:
            again = get_user(session, user_id)
            if again.password != before:
                raise NotAllowed("the old password is wrong")
            give_back(session, tries)
            set_password(session, again, stored, again.name, token_id)

        self._database.write(work)


def invite(session: Session, user_id: int, actor: str, now: float) -> tuple[User, str]:
    """A code with which that user sets a password once; an earlier one counts no more. Raises `NotFound`."""
    user = get_user(session, user_id)
    session.execute(delete(InviteRow).where(InviteRow.user_id == user.id))
    code = new_secret()
    expires = now + INVITED_SECONDS
    session.add(InviteRow(sha256=hashed(code), user_id=user.id, created_at=now, created_by=actor, expires_at=expires))
    record(session, actor, "invite", "user", user.id, user.name)
    return user, code


def accept(session: Session, code: str, stored: str, now: float) -> User:
    """Use an invitation up: its user gets that password. Raises `NotFound`."""
    used = delete(InviteRow).where(InviteRow.sha256 == hashed(code), InviteRow.user_id.is_not(None))
    row = session.execute(used.returning(InviteRow.user_id, InviteRow.expires_at)).one_or_none()
    user = session.get(User, row.user_id) if row is not None and row.expires_at > now else None
    if user is None or not user.enabled:
        raise NotFound("this invitation is not valid: it was used, or it ran out; ask for another one")
    set_password(session, user, stored, user.name)
    return user
