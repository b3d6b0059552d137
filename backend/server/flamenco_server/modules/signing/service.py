"""Programs sign in through the browser: begin, ask, approve or deny, and get the token once."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from sqlalchemy import CursorResult, delete, select, update
from sqlalchemy.orm import Session

from flamenco_server.db import Database
from flamenco_server.errors import Conflict, NotFound, TooMany
from flamenco_server.helpers.moments import moment_of
from flamenco_server.modules.auth.authenticator import hashed, new_secret
from flamenco_server.modules.auth.models import User
from flamenco_server.modules.auth.service import issue
from flamenco_server.modules.auth.throttle import Subject, give_back, spend_try
from flamenco_server.modules.log.service import record
from flamenco_server.modules.signing.codes import new_user_code, tidy
from flamenco_server.modules.signing.models import SignInRow
from flamenco_server.modules.signing.schemas import PolledSignIn, SignInView

T = TypeVar("T")
LIVES_SECONDS = 600.0
INTERVAL_SECONDS = 2.0
_KEPT_SECONDS = 600.0  # after it expired, so that who polls is told so
_MOST_PENDING = 1000


@dataclass(frozen=True)
class Started:
    """A sign-in that began, with its two codes."""

    device_code: str
    user_code: str
    expires_at: float


def start(session: Session, program: str, address: str, network: str, now: float) -> Started:
    """Begin. Raises `TooMany`."""
    spend_try(session, [Subject("sign-in from", network, free=20, longest=60.0)], now)
    session.execute(delete(SignInRow).where(SignInRow.expires_at < now - _KEPT_SECONDS))
    waiting = select(SignInRow.id).where(SignInRow.expires_at > now).order_by(SignInRow.expires_at)
    # Bounded, and read through an index.
    if session.scalar(waiting.offset(_MOST_PENDING - 1).limit(1)) is not None:
        raise TooMany("too many programs wait for somebody to approve them: try again in a few minutes", 60.0)
    started = Started(new_secret(), new_user_code(), now + LIVES_SECONDS)
    session.add(
        SignInRow(
            device_sha256=hashed(started.device_code), code_sha256=hashed(started.user_code), program=program,
            address=address, state="pending", created_at=now, expires_at=started.expires_at,
        )
    )  # fmt: skip
    session.flush()
    return started


def poll(session: Session, device_code: str, now: float) -> PolledSignIn:
    """Where it stands; who was approved gets their token here, once. Raises `NotFound`."""
    digest = hashed(device_code)
    row = session.scalar(select(SignInRow).where(SignInRow.device_sha256 == digest))
    if row is None or not hmac.compare_digest(row.device_sha256, digest):
        raise NotFound("there is no such sign-in, or it is long over: begin another one")
    if row.state == "denied":
        return PolledSignIn(state="denied")
    if row.expires_at <= now or row.state == "told":
        return PolledSignIn(state="expired")
    user = session.get(User, row.user_id) if row.user_id is not None else None
    if user is None or row.state != "approved":
        return PolledSignIn(state="pending")
    if not user.enabled or not _moved(session, row.id, "approved", "told"):
        return PolledSignIn(state="expired")
    _, text = issue(session, user, row.program, user.name, now)
    return PolledSignIn(state="approved", token=text, user=user.name)


def may_change(session: Session, device_code: str, now: float) -> bool:
    """Whether a poll would write; most find that nothing happened yet, and need no turn at writing."""
    found = select(SignInRow.state).where(SignInRow.device_sha256 == hashed(device_code), SignInRow.expires_at > now)
    return session.scalar(found) == "approved"


def show(row: SignInRow, typed: str, now: float) -> SignInView:
    """Who asks."""
    return SignInView(
        user_code=tidy(typed), program=row.program, address=row.address,
        state="approved" if row.state == "told" else row.state, age_seconds=max(0.0, now - row.created_at),
        created_at=moment_of(row.created_at), expires_at=moment_of(row.expires_at),
    )  # fmt: skip


def with_code(
    database: Database, typed: str, user_id: int, network: str, now: float, work: Callable[[Session, SignInRow], T]
) -> T:
    """Do `work` with the sign-in of the code that a user typed. Raises `NotFound`, which counts, or `TooMany`."""
    tries = [Subject("code of user", str(user_id), free=5), Subject("code from", network, free=20)]
    # In a transaction of its own: what is wrong must stay counted.
    database.write(lambda session: spend_try(session, tries, now))

    def look(session: Session) -> T:
        row = _find(session, typed, now)
        if row is None:
            raise NotFound("no program waits with that code: it may have run out, or was mistyped")
        give_back(session, tries)
        return work(session, row)

    return database.write(look)


def decide(session: Session, row: SignInRow, user: int, actor: str, *, yes: bool) -> None:
    """Approve it as that user, or deny it. Raises `Conflict` if somebody decided already."""
    if not _moved(session, row.id, "pending", "approved" if yes else "denied", user_id=user):
        raise Conflict("somebody decided about this already")
    record(session, actor, "approve" if yes else "deny", "sign-in", row.id, f"{row.program}, from {row.address}")


def _find(session: Session, typed: str, now: float) -> SignInRow | None:
    """The sign-in of that code, if there is one whose time is not over."""
    code = tidy(typed)
    digest = hashed(code)
    row = session.scalar(select(SignInRow).where(SignInRow.code_sha256 == digest)) if code else None
    if row is None or not hmac.compare_digest(row.code_sha256, digest) or row.expires_at <= now:
        return None
    return row


def _moved(session: Session, row_id: int, before: str, after: str, **more: Any) -> bool:
    """Move its state if nobody else did."""
    moved = update(SignInRow).where(SignInRow.id == row_id, SignInRow.state == before).values(state=after, **more)
    return cast(CursorResult[Any], session.execute(moved)).rowcount == 1
