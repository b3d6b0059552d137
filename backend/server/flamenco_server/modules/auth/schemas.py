"""Users and tokens as people send and get them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from flamenco_server.helpers.paging import PageQuery
from flamenco_server.modules.auth.passwords import LEAST_CHARACTERS, MOST_CHARACTERS
from flamenco_server.modules.auth.principal import Role

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
Password = Annotated[str, msgspec.Meta(min_length=LEAST_CHARACTERS, max_length=MOST_CHARACTERS)]
Label = Annotated[str, msgspec.Meta(max_length=200)]


class NewUser(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A user to be made; with a password only if it is given."""

    name: Name
    role: Role = Role.ARTIST
    password: Password | None = None


class UserChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What may be changed of a user."""

    role: Role | None = None
    enabled: bool | None = None
    password: Password | None = None


class UserAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A user."""

    id: int
    name: str
    role: Role
    enabled: bool
    created_at: datetime
    has_password: bool


class UserQuery(PageQuery, frozen=True, kw_only=True):
    """Filters of the list of users."""

    name: str = ""  # a part of it
    role: Role | None = None
    enabled: bool | None = None


class TokenQuery(PageQuery, frozen=True, kw_only=True):
    """Filters of the list of tokens."""

    kind: Literal["", "user", "manager"] = ""
    owner: str = ""  # the whole name


class MadeUser(UserAnswer, frozen=True, kw_only=True):
    """A user that was just made; this is the only time that the token is told."""

    token: str


class NewToken(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A token to be made, for a user (empty: oneself) or for a manager."""

    user: str = ""
    manager: str = ""
    label: Label = ""
    expires_at: datetime | None = None


class TokenAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A token, without its secret; `used_at` is exact to the hour, and of users only."""

    id: int
    kind: str
    owner: str
    label: str
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    used_at: datetime | None


class MadeToken(TokenAnswer, frozen=True, kw_only=True):
    """A token that was just made; this is the only time that it is told."""

    token: str
