"""Signing in over HTTP; what is open here is counted, so that guessing gets slow."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TypeVar, cast
from urllib.parse import quote

from flask import Flask, Response, current_app, request, send_from_directory
from sqlalchemy.orm import Session

from flamenco_server.context import Core, core, own_url, principal
from flamenco_server.endpoints import Endpoints
from flamenco_server.errors import Invalid, NotFound
from flamenco_server.helpers.moments import moment_of
from flamenco_server.modules.auth.callers import caller_address, is_this_machine, network_of
from flamenco_server.modules.auth.passwords import hash_password
from flamenco_server.modules.auth.principal import Role
from flamenco_server.modules.auth.throttle import Subject, spend_try
from flamenco_server.modules.signing import service, sessions
from flamenco_server.modules.signing import setup as first
from flamenco_server.modules.signing.models import SignInRow
from flamenco_server.modules.signing.schemas import (
    Acceptance,
    DeviceCode,
    FirstAdmin,
    Invitation,
    NewSignIn,
    PasswordChange,
    PolledSignIn,
    SignedIn,
    SignIn,
    SignInView,
    StartedSignIn,
)
from flamenco_server.modules.signing.sessions import Sessions

endpoint = Endpoints("signing")

T = TypeVar("T")
_PARTS = ("sign-in.js", "sign-in.css")
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; form-action 'none'; "
    "base-uri 'none'; frame-ancestors 'none'"
)


def setup(app: Flask, core: Core) -> None:
    """Build the module's collaborators."""
    app.extensions["flamenco.signing"] = Sessions(core.database, core.config.session_days * 86400)


def _sessions() -> Sessions:
    return cast(Sessions, current_app.extensions["flamenco.signing"])


def _address() -> str:
    return caller_address(request, core().config.trusted_proxies)


def _network() -> str:
    return network_of(_address())


# ---- with a code ----


@endpoint("POST", "/sign-ins", body=NewSignIn, answer=StartedSignIn, status=201, everyone=True, statuses=(429,))
def start_sign_in(body: NewSignIn) -> StartedSignIn:
    """Begin to sign in a program: show its user the code and the address, and poll."""
    now, address = core().clock(), _address()
    network = network_of(address)
    begun = core().database.write(lambda session: service.start(session, body.program, address, network, now))
    dashboard = core().config.dashboard_url.rstrip("/")
    url = f"{dashboard}/approve" if dashboard else f"{own_url()}/api/sign-in"
    return StartedSignIn(
        device_code=begun.device_code, user_code=begun.user_code, url=url,
        url_with_code=f"{url}?code={quote(begun.user_code)}", expires_at=moment_of(begun.expires_at),
        interval_seconds=service.INTERVAL_SECONDS,
    )  # fmt: skip


@endpoint("POST", "/sign-ins/poll", body=DeviceCode, answer=PolledSignIn, everyone=True, statuses=(404,))
def poll_sign_in(body: DeviceCode) -> PolledSignIn:
    """Ask whether somebody approved it; if so, this one answer tells the token."""
    now, database = core().clock(), core().database
    with database.reading() as session:
        if not service.may_change(session, body.device_code, now):
            return service.poll(session, body.device_code, now)
    return database.write(lambda session: service.poll(session, body.device_code, now))


@endpoint("GET", "/sign-ins/<user_code>", answer=SignInView, role=Role.VIEWER, statuses=(404, 429))
def show_sign_in(user_code: str) -> SignInView:
    """Show which program asks, from where and since when, before you approve it."""
    now = core().clock()
    return _with_code(user_code, lambda _, row: service.show(row, user_code, now))


@endpoint("POST", "/sign-ins/<user_code>/approve", status=204, role=Role.VIEWER, statuses=(404, 409, 429))
def approve_sign_in(user_code: str) -> None:
    """Let the program with this code act as you."""
    _decide(user_code, yes=True)


@endpoint("POST", "/sign-ins/<user_code>/deny", status=204, role=Role.VIEWER, statuses=(404, 409, 429))
def deny_sign_in(user_code: str) -> None:
    """Refuse the program with this code."""
    _decide(user_code, yes=False)


def _decide(user_code: str, *, yes: bool) -> None:
    who = principal()
    _with_code(user_code, lambda session, row: service.decide(session, row, who.id, who.name, yes=yes))


def _with_code(user_code: str, work: Callable[[Session, SignInRow], T]) -> T:
    return service.with_code(core().database, user_code, principal().id, _network(), core().clock(), work)


# ---- with a password ----


@endpoint("POST", "/sign-in", body=SignIn, answer=SignedIn, status=201, everyone=True, statuses=(401, 429))
def sign_in(body: SignIn) -> SignedIn:
    """Begin a session with a name and a password; its token ends by itself."""
    return _sessions().sign_in(body, _network(), core().clock())


@endpoint("POST", "/sign-out", status=204, role=Role.VIEWER)
def sign_out() -> None:
    """Take the token back with which this is called."""
    _sessions().end(principal().token_id, principal().name)
    core().auth.forget()


@endpoint("POST", "/me/password", body=PasswordChange, status=204, role=Role.VIEWER, statuses=(429,))
def change_password(body: PasswordChange) -> None:
    """Give yourself another password; your other sessions end."""
    who = principal()
    _sessions().change_password(who.id, body.old, body.new, who.token_id, _network(), core().clock())
    core().auth.forget()


@endpoint("POST", "/users/<int:user_id>/invite", answer=Invitation, status=201, role=Role.ADMIN, statuses=(404,))
def invite_user(user_id: int) -> Invitation:
    """Make a link with which a user sets their own password, once, within three days."""
    now, actor = core().clock(), principal().name
    user, code = core().database.write(lambda session: sessions.invite(session, user_id, actor, now))
    dashboard = core().config.dashboard_url.rstrip("/")
    # After the # it stays in the browser: no server, and no log, sees it.
    page = f"{dashboard}/invite#name={quote(user.name)}&" if dashboard else f"{own_url()}/api/sign-in#"
    url = f"{page}invite={code}"
    return Invitation(user=user.name, code=code, url=url, expires_at=moment_of(now + sessions.INVITED_SECONDS))


@endpoint(
    "POST", "/invites/accept", body=Acceptance, answer=SignedIn, status=201, everyone=True, statuses=(404, 429)
)  # fmt: skip
def accept_invite(body: Acceptance) -> SignedIn:
    """Set one's password with the code of an invitation, and begin a session."""
    now, network = core().clock(), _network()
    core().database.write(lambda session: spend_try(session, [Subject("invite from", network, free=30)], now))
    stored = hash_password(body.password)

    def work(session: Session) -> SignedIn:
        user = sessions.accept(session, body.code, stored, now)
        return _sessions().begin(session, user, body.program, now)

    answer = core().database.write(work)
    core().auth.forget()
    return answer


# ---- the first of all ----


@endpoint(
    "POST", "/first-admin", body=FirstAdmin, answer=SignedIn, status=201, everyone=True, statuses=(403, 409, 429)
)  # fmt: skip
def create_first_admin(body: FirstAdmin) -> SignedIn:
    """Make the first admin of a farm that has no users; from another machine with the server's setup code."""
    now, network, trusted = core().clock(), _network(), is_this_machine(request)
    if "\x00" in body.name or body.password == body.name:
        raise Invalid("a password must not be the user's name", "password")
    with core().database.reading() as session:
        first.check_empty(session)
    if not trusted:
        core().database.write(lambda session: spend_try(session, [Subject("setup from", network, free=5)], now))
        with core().database.reading() as session:
            first.check_right(session, body.setup_code, now)
    stored = hash_password(body.password)

    def work(session: Session) -> SignedIn:
        user = first.create_first(session, body.name, stored, now)
        return _sessions().begin(session, user, body.program, now)

    answer = core().database.write(work)
    first.setup_file(core().config.data_dir).unlink(missing_ok=True)
    return answer


# ---- the page ----


@endpoint("GET", "/sign-in", everyone=True, raw_answer="text/html")
def sign_in_page() -> Response:
    """Show a page to approve programs on, and to set a password by invitation; for farms without a dashboard."""
    answer = Response((_static() / "sign-in.html").read_text(encoding="utf-8"), content_type="text/html; charset=utf-8")
    answer.headers["Content-Security-Policy"] = _POLICY
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["Cache-Control"] = "no-store"
    return answer


@endpoint("GET", "/sign-in/<name>", everyone=True, raw_answer="application/octet-stream", statuses=(404,))
def sign_in_file(name: str) -> Response:
    """Send a part of that page."""
    if name not in _PARTS:
        raise NotFound("the page has no such part")
    answer = send_from_directory(_static(), name, max_age=3600)
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer


@cache
def _static() -> Path:
    return Path(str(files(__package__) / "static"))
