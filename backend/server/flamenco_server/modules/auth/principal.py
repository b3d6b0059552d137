"""Who may ask: kinds of tokens, roles of users, and what an endpoint wants."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from flamenco_server.errors import NotAllowed


class Role(str, Enum):
    """The roles of users, each with all rights of those before it."""

    VIEWER = "viewer"  # sees everything
    ARTIST = "artist"  # submits jobs, and changes their own
    SUPERVISOR = "supervisor"  # changes all jobs, projects and workers
    ADMIN = "admin"  # users, tokens, managers, settings

    @property
    def rank(self) -> int:
        """Its place in the order of rights."""
        return list(Role).index(self)


@dataclass(frozen=True)
class Principal:
    """A user or a manager that showed a valid token."""

    kind: str  # user or manager
    id: int
    name: str
    role: Role | None = None  # of a user
    token_id: int = 0

    def has(self, role: Role) -> bool:
        """Whether it is a user of that role or a higher one."""
        return self.role is not None and self.role.rank >= role.rank


@dataclass(frozen=True)
class Access:
    """What an endpoint wants: users from `role` on, managers, both, or nothing at all (`everyone`)."""

    role: Role | None = None
    manager: bool = False
    everyone: bool = False

    def check(self, who: Principal) -> None:
        """Raise `NotAllowed` unless `who` fits."""
        if self.manager and who.kind == "manager":
            return
        if self.role is not None and who.has(self.role):
            return
        if self.role is None:
            raise NotAllowed("this needs the token of a manager")
        if who.kind != "user":
            raise NotAllowed("this needs the token of a user")
        raise NotAllowed(
            f"this needs the role {self.role.value}; {who.name} has the role {who.role and who.role.value}"
        )
