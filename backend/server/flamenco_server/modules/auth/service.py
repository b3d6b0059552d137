"""Make, change and remove users and tokens."""

from __future__ import annotations

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from flamenco_server.errors import Conflict, Invalid, NotFound
from flamenco_server.helpers.moments import moment, moment_of
from flamenco_server.modules.auth.authenticator import hashed, new_secret
from flamenco_server.modules.auth.models import Token, User
from flamenco_server.modules.auth.principal import Role
from flamenco_server.modules.auth.schemas import TokenAnswer, UserAnswer
from flamenco_server.modules.log.service import record
from flamenco_server.modules.managers.models import Manager


def create_user(session: Session, name: str, role: Role, actor: str, now: float) -> User:
    """Make a user. Raises `Conflict` if the name is taken."""
    if session.scalar(select(User.id).where(User.name == name)) is not None:
        raise Conflict(f"there is a user {name!r} already")
    user = User(name=name, role=role.value, enabled=True, created_at=now)
    session.add(user)
    session.flush()
    record(session, actor, "create", "user", user.id, f"{name} ({role.value})")
    return user


def create_manager(session: Session, name: str, actor: str, now: float) -> Manager:
    """Make a manager. Raises `Conflict` if the name is taken."""
    if session.scalar(select(Manager.id).where(Manager.name == name)) is not None:
        raise Conflict(f"there is a manager {name!r} already")
    manager = Manager(name=name, enabled=True, created_at=now)
    session.add(manager)
    session.flush()
    record(session, actor, "create", "manager", manager.id, name)
    return manager


def ensure_user(session: Session, name: str, role: Role, actor: str, now: float) -> User:
    """The user of that name with that role, made if there is none. Raises `Invalid` for what is no name."""
    _check_name(name)
    user = session.scalar(select(User).where(User.name == name))
    if user is None:
        return create_user(session, name, role, actor, now)
    user.role, user.enabled = role.value, True
    return user


def ensure_manager(session: Session, name: str, actor: str, now: float) -> Manager:
    """The manager of that name, made if there is none. Raises `Invalid` for what is no name."""
    _check_name(name)
    manager = session.scalar(select(Manager).where(Manager.name == name))
    return manager if manager is not None else create_manager(session, name, actor, now)


def _check_name(name: str) -> None:
    if not 0 < len(name) <= 100 or "\x00" in name:
        raise Invalid("a name has 1 to 100 characters", "name")


def issue(
    session: Session, owner: User | Manager, label: str, actor: str, now: float, expires_at: float | None = None
) -> tuple[Token, str]:
    """Make a token for a user or a manager; its text is told here and never again."""
    kind = "user" if isinstance(owner, User) else "manager"
    user_id, manager_id = (owner.id, None) if isinstance(owner, User) else (None, owner.id)
    token = Token(
        kind=kind, user_id=user_id, manager_id=manager_id, sha256="", label=label, created_at=now, created_by=actor,
        expires_at=expires_at,
    )  # fmt: skip
    session.add(token)
    session.flush()
    text = f"{kind}_{token.id}_{new_secret()}"
    token.sha256 = hashed(text)
    record(session, actor, "create", "token", token.id, f"for the {kind} {owner.name}")
    return token, text


def owner_named(session: Session, user: str, manager: str) -> User | Manager:
    """The user or manager of that name. Raises `Invalid`."""
    if bool(user) == bool(manager):
        raise Invalid("say for which user or for which manager the token is, not both", "user")
    found: User | Manager | None = (
        session.scalar(select(User).where(User.name == user))
        if user
        else session.scalar(select(Manager).where(Manager.name == manager))
    )
    if found is None:
        raise Invalid(f"there is no {'user' if user else 'manager'} {user or manager!r}", "user" if user else "manager")
    return found


def get_user(session: Session, user_id: int) -> User:
    """The user of that id. Raises `NotFound`."""
    user = session.get(User, user_id)
    if user is None:
        raise NotFound(f"there is no user {user_id}")
    return user


def set_password(session: Session, user: User, stored: str, actor: str, keep_token: int = 0) -> None:
    """Give a user a password, as `hash_password` made it, and end their sessions but the one of `keep_token`."""
    user.password = stored
    sessions = delete(Token).where(Token.user_id == user.id, Token.expires_at.is_not(None), Token.id != keep_token)
    session.execute(sessions)
    record(session, actor, "change", "user", user.id, f"{user.name}: password")


def change_user(session: Session, user_id: int, role: Role | None, enabled: bool | None, actor: str) -> User:
    """Change what is given. Raises `Conflict` for the last admin."""
    user = get_user(session, user_id)
    if (role not in (None, Role.ADMIN)) or enabled is False:
        _keep_an_admin(session, user)
    if role is not None:
        user.role = role.value
    if enabled is not None:
        user.enabled = enabled
    if role is not None or enabled is not None:
        record(session, actor, "change", "user", user.id, f"{user.name}: {user.role}, enabled {user.enabled}")
    return user


def delete_user(session: Session, user_id: int, actor: str) -> None:
    """Remove a user and their tokens; their jobs stay."""
    user = get_user(session, user_id)
    _keep_an_admin(session, user)
    session.delete(user)
    record(session, actor, "delete", "user", user_id, user.name)


def _keep_an_admin(session: Session, user: User) -> None:
    others = select(func.count(User.id)).where(User.role == Role.ADMIN.value, User.enabled, User.id != user.id)
    if user.role == Role.ADMIN.value and not session.scalar(others):
        raise Conflict(f"{user.name} is the last admin: make another one first")


def delete_token(session: Session, token_id: int, actor: str) -> None:
    """Take a token back. Raises `NotFound`."""
    token = session.get(Token, token_id)
    if token is None:
        raise NotFound(f"there is no token {token_id}")
    session.delete(token)
    record(session, actor, "delete", "token", token_id, token.label)


def present_user(user: User) -> UserAnswer:
    """As it is sent."""
    return UserAnswer(
        id=user.id, name=user.name, role=Role(user.role), enabled=user.enabled, created_at=moment_of(user.created_at),
        has_password=user.password is not None,
    )  # fmt: skip


def present_token(token: Token, owner: str) -> TokenAnswer:
    """As it is sent."""
    return TokenAnswer(
        id=token.id, kind=token.kind, owner=owner, label=token.label, created_at=moment_of(token.created_at),
        created_by=token.created_by, expires_at=moment(token.expires_at), used_at=moment(token.used_at),
    )  # fmt: skip
