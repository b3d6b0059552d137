"""The first user of a farm: who sits at the server, or has read its setup code, becomes its admin."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from flamenco_server.db import Database
from flamenco_server.errors import Conflict, NotAllowed
from flamenco_server.modules.auth.authenticator import hashed, new_secret
from flamenco_server.modules.auth.models import User
from flamenco_server.modules.auth.principal import Role
from flamenco_server.modules.auth.service import create_user
from flamenco_server.modules.signing.models import InviteRow

_LIVES_SECONDS = 30 * 86400.0
_LOCK = 4_610_202_2  # of PostgreSQL: two must not both become the first


def has_users(session: Session) -> bool:
    """Whether there is any user."""
    return session.scalar(select(User.id).limit(1)) is not None


def setup_file(data_dir: Path) -> Path:
    """Where the code lies that the first admin needs."""
    return data_dir / "setup.code"


def offer_setup(database: Database, data_dir: Path, now: float) -> str:
    """The setup code of a farm without users, which lies in a file for the owner's eyes too; else the file goes."""
    file = setup_file(data_dir)
    with database.reading() as session:
        over = has_users(session)
        code = "" if over else _known(session, file, now)
    if over:
        file.unlink(missing_ok=True)
        return ""
    if code:
        return code
    code = new_secret()[:24]
    row = {"sha256": hashed(code), "created_at": now, "created_by": "server", "expires_at": now + _LIVES_SECONDS}
    _write_secret(file, code)
    database.write(lambda session: session.add(InviteRow(user_id=None, **row)))
    return code


def check_right(session: Session, code: str, now: float) -> None:
    """Raise `NotAllowed` unless that is a setup code."""
    row = session.get(InviteRow, hashed(code.strip()))
    if row is None or row.user_id is not None or row.expires_at <= now:
        raise NotAllowed("say the setup code: it stands in the server's log and in setup.code in its data folder")


def check_empty(session: Session) -> None:
    """Raise `Conflict` if the farm has a user."""
    if has_users(session):
        raise Conflict("this farm has users already: an admin makes further ones")


def create_first(session: Session, name: str, stored: str, now: float) -> User:
    """Make the first admin. Raises `Conflict`."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    check_empty(session)
    user = create_user(session, name, Role.ADMIN, name, now)
    user.password = stored
    session.execute(delete(InviteRow).where(InviteRow.user_id.is_(None)))
    return user


def _known(session: Session, file: Path, now: float) -> str:
    """The code of the file, if it is still one."""
    with contextlib.suppress(OSError, NotAllowed):
        code = file.read_text(encoding="utf-8").strip()
        check_right(session, code, now)
        return code
    return ""


def _write_secret(file: Path, code: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as stream:
        stream.write(code + "\n")
