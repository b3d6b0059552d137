"""Sign in and out: by name and password, by a token, by an invitation, or as the first admin of a new farm."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for

from flamenco_dashboard.errors import ServerAway, SignedOut
from flamenco_dashboard.proxy import upstream
from flamenco_dashboard.sessions import (
    COOKIE,
    FORM_COOKIE,
    HEADER,
    check_mark,
    drop,
    form_secret,
    keep,
    mark_of,
    token_of,
)

blueprint = Blueprint("signing", __name__)

DAYS = 14
PROGRAM = "dashboard"


@blueprint.get("/sign-in")
def sign_in() -> Response:
    """The form."""
    return _form()


@blueprint.post("/sign-in")
def do_sign_in() -> Response:
    """Take what was typed; the server decides."""
    check_mark(request, request.cookies.get(FORM_COOKIE, ""), request.form.get("mark", ""))
    try:
        token, problem, status = _asked_token()
    except ServerAway as error:
        return _form(str(error), error.status)
    if not token:
        return _form(problem, status)
    response = make_response(redirect(inner(request.form.get("next", ""))))
    keep(response, request, COOKIE, token, DAYS * 86400)
    drop(response, FORM_COOKIE)
    return response


def _asked_token() -> tuple[str, str, int]:
    """A token for what was typed; else what is wrong, and the status of the answer."""
    given = request.form.get("token", "").strip()
    if given:
        return _session_of(given if given.isascii() and given.isprintable() else "-")
    body = {"name": request.form.get("name", ""), "password": request.form.get("password", ""), "program": PROGRAM}
    path = "/api/first-admin" if request.form.get("first") else "/api/sign-in"
    if request.form.get("first"):
        body["setup_code"] = request.form.get("setup_code", "").strip()
    status, answer = upstream().document("POST", path, "", body)
    return str(answer.get("token", "")), _sentence(status, answer), status


def _session_of(given: str) -> tuple[str, str, int]:
    """A token of the session's own for somebody's token: signing out ends the session, and not what was typed."""
    ends = datetime.now(timezone.utc) + timedelta(days=DAYS)
    wanted = {"label": PROGRAM, "expires_at": ends.isoformat()}
    status, answer = upstream().document("POST", "/api/tokens", given, wanted)
    return str(answer.get("token", "")), _sentence(status, answer), status


def _sentence(status: int, answer: dict[str, Any]) -> str:
    return str(answer.get("detail") or f"the server answered {status}")


@blueprint.get("/enter")
def enter() -> Response:
    """Sign in with a link that works once, such as `flamenco up` prints: its code stands for an approved sign-in."""
    code = request.args.get("code", "")[:300]
    status, answer = upstream().document("POST", "/api/sign-ins/poll", "", {"device_code": code or "-"})
    token = str(answer.get("token", ""))
    if not token:
        return _form("This link has been used, or is too old.", status if status >= 400 else 401)
    response = make_response(redirect(url_for("pages.farm")))
    keep(response, request, COOKIE, token, DAYS * 86400)
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.get("/invite")
def invite() -> Response:
    """The form for who was invited: the code is in the link's part that only the browser sees."""
    return _form(page="invite.html")


@blueprint.post("/invite")
def accept_invite() -> Response:
    """Set the password of who was invited, and begin their session; the server counts the tries."""
    check_mark(request, request.cookies.get(FORM_COOKIE, ""), request.form.get("mark", ""))
    body = {"code": request.form.get("code", ""), "password": request.form.get("password", ""), "program": PROGRAM}
    try:
        status, answer = upstream().document("POST", "/api/invites/accept", "", body)
    except ServerAway as error:
        return _form(str(error), error.status, "invite.html")
    token = str(answer.get("token", ""))
    if not token:
        return _form(_sentence(status, answer), status, "invite.html")
    response = make_response(redirect(url_for("pages.farm")))
    keep(response, request, COOKIE, token, DAYS * 86400)
    drop(response, FORM_COOKIE)
    return response


@blueprint.post("/sign-out")
def sign_out() -> Response:
    """End the session, on the server too."""
    try:
        token = token_of(request)
        check_mark(request, token, request.form.get("mark", "") or request.headers.get(HEADER, ""))
        upstream().document("POST", "/api/sign-out", token, {})
    except (SignedOut, ServerAway):
        pass  # the cookie goes in any case
    response = make_response(redirect(url_for("signing.sign_in")))
    drop(response, COOKIE)
    return response


def _form(problem: str = "", status: int = 200, page: str = "sign_in.html") -> Response:
    secret = form_secret(request)
    shown = render_template(
        page,
        problem=problem,
        mark=mark_of(secret),
        next=inner(request.values.get("next", "")),
        first=request.values.get("first", ""),
        name=request.form.get("name", ""),
        code=request.form.get("code", ""),
    )
    response = make_response(shown, status if status in (401, 403, 429, 502) else 200 if not problem else 422)
    keep(response, request, FORM_COOKIE, secret)
    response.headers["Cache-Control"] = "no-store"
    return response


def inner(target: str) -> str:
    """A path of this dashboard; what would lead elsewhere leads to the first page."""
    parts = urlsplit(target)
    if not target.startswith("/") or target.startswith(("//", "/\\")) or parts.netloc or parts.scheme:
        return url_for("pages.farm")
    return target
