"""Who is signed in: the session cookie is the user's own token of the server, which can end it at any time.

The dashboard keeps nothing, so it may be restarted, or run several times, and nobody is signed out. The mark against forged
requests follows from the token by HMAC: another site's page, which cannot read the cookie, cannot know it.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from urllib.parse import urlsplit

from flask import Request, Response

from flamenco_dashboard.errors import Forged, SignedOut

COOKIE = "flamenco_session"
FORM_COOKIE = "flamenco_form"  # before anybody is signed in
HEADER = "X-Flamenco-Mark"


def token_of(request: Request) -> str:
    """The token of whoever calls. Raises `SignedOut`."""
    token = request.cookies.get(COOKIE, "")
    if not token or len(token) > 500 or not token.isascii() or not token.isprintable():
        raise SignedOut("sign in first")
    return token


def mark_of(secret: str) -> str:
    """What a page sends with each change, to show that it is ours."""
    return hmac.new(secret.encode(), b"flamenco dashboard mark", hashlib.sha256).hexdigest()


def check_mark(request: Request, secret: str, given: str) -> None:
    """Raise `Forged` unless the request comes from a page of ours."""
    if not secret or not hmac.compare_digest(mark_of(secret).encode(), given.encode()):
        raise Forged("this page is out of date: reload it and try again")
    check_origin(request)


def check_origin(request: Request) -> None:
    """Raise `Forged` if a browser says that another site's page makes this request."""
    origin = request.headers.get("Origin", "")
    if origin and urlsplit(origin).netloc != request.host:
        raise Forged("another site's page made this request")


def form_secret(request: Request) -> str:
    """The secret of the sign-in form's mark: the browser's, or a fresh one."""
    return request.cookies.get(FORM_COOKIE, "")[:100] or secrets.token_urlsafe(24)


def keep(response: Response, request: Request, name: str, value: str, seconds: float | None = None) -> None:
    """Set a cookie that scripts cannot read and other sites' requests do not carry."""
    response.set_cookie(
        name, value, max_age=None if seconds is None else int(seconds), httponly=True, samesite="Lax",
        secure=request.is_secure, path="/",
    )  # fmt: skip


def drop(response: Response, name: str) -> None:
    """Remove a cookie."""
    response.delete_cookie(name, path="/", httponly=True, samesite="Lax")
