"""Signing in as people and programs send and get it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from flamenco_server.modules.auth.principal import Role
from flamenco_server.modules.auth.schemas import Name, Password

Program = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Secret = Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]


class NewSignIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The program that wants to sign in, as people know it: "Blender on ATLAS"."""

    program: Program


class StartedSignIn(msgspec.Struct, frozen=True, kw_only=True):
    """A sign-in that began: show `user_code` and `url`, and poll with the secret `device_code`."""

    device_code: str
    user_code: str
    url: str
    url_with_code: str
    expires_at: datetime
    interval_seconds: float


class DeviceCode(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The secret of a sign-in that began."""

    device_code: Secret


class PolledSignIn(msgspec.Struct, frozen=True, kw_only=True):
    """Where a sign-in stands; when it was approved, the token is told with this one answer."""

    state: Literal["pending", "approved", "denied", "expired"]
    token: str = ""
    user: str = ""


class SignInView(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks, for the person who is to say yes or no."""

    user_code: str
    program: str
    address: str
    state: str
    age_seconds: float
    created_at: datetime
    expires_at: datetime


class SignIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A name and its password."""

    name: Name
    password: Secret
    program: Program = "a browser"


class SignedIn(msgspec.Struct, frozen=True, kw_only=True):
    """A session; this is the only time that its token is told."""

    token: str
    name: str
    role: Role
    expires_at: datetime


class PasswordChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A new password for oneself; `old` is empty only for who had none."""

    new: Password
    old: Annotated[str, msgspec.Meta(max_length=1000)] = ""


class Invitation(msgspec.Struct, frozen=True, kw_only=True):
    """A link that works once; this is the only time that it is told."""

    user: str
    code: str
    url: str
    expires_at: datetime


class Acceptance(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The code of an invitation, and the password that its owner chose."""

    code: Secret
    password: Password
    program: Program = "a browser"


class FirstAdmin(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The first user of a farm; `setup_code` is needed from other machines than the server's own."""

    name: Name
    password: Password
    setup_code: Annotated[str, msgspec.Meta(max_length=1000)] = ""
    program: Program = "a browser"
