"""Make, use and take back the tokens with which workers join."""

from __future__ import annotations

import hmac
from typing import Any, cast

from sqlalchemy import CursorResult, delete, insert, select, update
from sqlalchemy.orm import Session

from flamenco_server.errors import Conflict, Invalid, NotFound
from flamenco_server.helpers.moments import moment_of
from flamenco_server.modules.auth.authenticator import hashed, new_secret
from flamenco_server.modules.enrolment.models import Enrolment, EnrolmentUse
from flamenco_server.modules.enrolment.schemas import EnrolmentAnswer, NewEnrolment
from flamenco_server.modules.log.service import record
from flamenco_server.modules.managers.models import Manager

_KEPT_SECONDS = 30 * 86400.0  # after it expired
_NO = "this token lets no worker join: it was used up, ran out, was taken back, or is for another manager"


def create(session: Session, sent: NewEnrolment, actor: str, now: float) -> tuple[Enrolment, str]:
    """Make a token; its text is told here and never again. Raises `Invalid`."""
    if sent.manager is not None and session.get(Manager, sent.manager) is None:
        raise Invalid(f"there is no manager {sent.manager}", "manager")
    session.execute(delete(Enrolment).where(Enrolment.expires_at < now - _KEPT_SECONDS))
    made = Enrolment(
        sha256="", label=sent.label, manager_id=sent.manager, uses_left=sent.workers, created_at=now,
        created_by=actor, expires_at=now + sent.hours * 3600,
    )  # fmt: skip
    session.add(made)
    session.flush()
    text = f"join_{made.id}_{new_secret()}"
    made.sha256 = hashed(text)
    record(session, actor, "create", "enrolment", made.id, f"for {sent.workers} workers, {sent.label}".rstrip(", "))
    return made, text


def manager_url(session: Session, manager_id: int | None) -> str:
    """Where workers reach that manager, or the only one that said so; empty if nobody knows."""
    wanted = select(Manager.address).where(Manager.address != "", Manager.enabled).limit(2)
    if manager_id is not None:
        wanted = wanted.where(Manager.id == manager_id)
    known = list(session.scalars(wanted))
    return known[0] if len(known) == 1 else ""


def use(session: Session, token: str, identity: str, manager_id: int, now: float) -> None:
    """Let a worker join; the same one again needs no further use. Raises `Conflict`."""
    kind, _, rest = token.partition("_")
    number, _, _ = rest.partition("_")
    if kind != "join" or not number.isascii() or not number.isdigit() or len(number) > 9:
        raise Conflict(_NO)
    row = session.get(Enrolment, int(number))
    digest = hashed(token)
    if row is None or not hmac.compare_digest(row.sha256, digest) or row.expires_at <= now:
        raise Conflict(_NO)
    if row.manager_id not in (None, manager_id):
        raise Conflict(_NO)
    if session.get(EnrolmentUse, (row.id, identity)) is not None:
        return
    taken = update(Enrolment).where(Enrolment.id == row.id, Enrolment.uses_left > 0)
    fewer = taken.values(uses_left=Enrolment.uses_left - 1)
    if cast(CursorResult[Any], session.execute(fewer)).rowcount != 1:
        raise Conflict(_NO)
    session.execute(insert(EnrolmentUse).values(enrolment_id=row.id, identity=identity, at=now))
    record(session, row.created_by, "enrol", "enrolment", row.id, f"a worker joined at the manager {manager_id}")


def take_back(session: Session, enrolment_id: int, actor: str) -> None:
    """Let no further worker join with it; those that did stay. Raises `NotFound`."""
    row = session.get(Enrolment, enrolment_id)
    if row is None:
        raise NotFound(f"there is no enrolment {enrolment_id}")
    session.delete(row)
    record(session, actor, "delete", "enrolment", enrolment_id, row.label)


def present(row: Enrolment) -> EnrolmentAnswer:
    """As it is sent."""
    return EnrolmentAnswer(
        id=row.id, label=row.label, manager=row.manager_id, workers_left=row.uses_left,
        created_at=moment_of(row.created_at), created_by=row.created_by, expires_at=moment_of(row.expires_at),
    )  # fmt: skip
