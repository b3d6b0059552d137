"""The server's errors, and the one place where they become HTTP answers.

ServerError
├── BadConfig          the configuration cannot be used
├── Invalid            what was sent is wrong; `field` names the part to blame
├── NotAuthenticated   no token, or one that is not valid
├── NotAllowed         a valid token of the wrong kind or role
├── NotFound           there is no such thing
├── Conflict           it cannot be done in the state that things are in
├── TooLarge           the body is larger than allowed
├── TooMany            too many tries; `seconds` says how long to wait
├── DiskFull           the disk where files are kept has no room
└── Unavailable        something that the server needs does not answer
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping

import msgspec
from flamenco_common.states import IllegalMove
from flask import Flask, Response, request
from sqlalchemy.exc import IntegrityError, OperationalError
from werkzeug.exceptions import HTTPException

log = logging.getLogger(__name__)
_PG_DISK_FULL = "53100"


class ServerError(Exception):
    """Root of all; its text is one sentence for people."""


class BadConfig(ServerError):
    """The configuration cannot be used."""


class Invalid(ServerError):
    """What was sent is wrong."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class NotAuthenticated(ServerError):
    """No token, or one that is not valid."""


class NotAllowed(ServerError):
    """A valid token of the wrong kind or role."""


class NotFound(ServerError):
    """There is no such thing."""


class Conflict(ServerError):
    """It cannot be done in the state that things are in."""


class TooLarge(ServerError):
    """The body is larger than allowed."""


class TooMany(ServerError):
    """Too many tries."""

    def __init__(self, message: str, seconds: float) -> None:
        super().__init__(message)
        self.seconds = seconds


class DiskFull(ServerError):
    """The disk where files are kept has no room."""


class Unavailable(ServerError):
    """Something that the server needs does not answer."""


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """An error as it is sent (RFC 9457)."""

    title: str
    status: int
    detail: str
    type: str = "about:blank"
    field: str = ""


STATUS: Mapping[type[ServerError], tuple[int, str]] = {
    BadConfig: (500, "Bad configuration"),
    Invalid: (422, "Not valid"),
    NotAuthenticated: (401, "Who are you?"),
    NotAllowed: (403, "Not allowed"),
    NotFound: (404, "Not found"),
    Conflict: (409, "Not possible now"),
    TooLarge: (413, "Too large"),
    TooMany: (429, "Too many tries"),
    DiskFull: (507, "Disk full"),
    Unavailable: (503, "Not available now"),
}


def problem(error: ServerError) -> Response:
    """The answer for an error of ours."""
    status, title = next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), (500, "Error"))
    answer = problem_response(Problem(title, status, str(error), field=getattr(error, "field", "")))
    if status == 401:
        answer.headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, TooMany):
        answer.headers["Retry-After"] = str(max(1, math.ceil(error.seconds)))
    return answer


def problem_response(document: Problem) -> Response:
    """A problem document as a response; `type` is always written."""
    body = msgspec.json.encode({"type": document.type, **msgspec.to_builtins(document)})
    return Response(body, document.status, content_type="application/problem+json")


def install(app: Flask) -> None:
    """Map every error to `application/problem+json`."""
    app.register_error_handler(ServerError, problem)
    app.register_error_handler(IllegalMove, lambda error: problem(Conflict(str(error))))
    app.register_error_handler(IntegrityError, _not_unique)
    app.register_error_handler(OperationalError, _no_database)
    app.register_error_handler(HTTPException, _http_problem)
    app.register_error_handler(Exception, _unexpected)


def _not_unique(error: IntegrityError) -> Response:
    """What a service checked beforehand, and somebody else did in between."""
    log.warning("a change met another one", exc_info=error)
    return problem(Conflict("somebody else changed the same thing at the same moment: look again"))


def _no_database(error: OperationalError) -> Response:
    log.error("the database failed", exc_info=error)
    if "disk is full" in str(error.orig) or getattr(error.orig, "sqlstate", None) == _PG_DISK_FULL:
        return problem(DiskFull("the disk of the server's database is full"))
    return problem(Unavailable("the database does not answer now: try again"))


def _http_problem(error: HTTPException) -> Response:
    status = error.code or 500
    allowed = ", ".join(sorted(set(getattr(error, "valid_methods", None) or ()) - {"HEAD", "OPTIONS"}))
    said = {404: f"there is nothing at {request.path}", 405: f"{request.path} takes {allowed}, not {request.method}"}
    answer = problem_response(Problem(error.name, status, said.get(status) or error.description or error.name))
    for name, value in error.get_headers():
        if name.lower() == "allow":
            answer.headers[name] = value
    return answer


def _unexpected(error: Exception) -> Response:
    log.error("a request failed", exc_info=error)
    return problem_response(Problem("Internal error", 500, "the server met an error; its log says more"))
