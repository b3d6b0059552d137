"""The manager's errors, and the one place where they become HTTP answers.

ManagerError
├── BadConfig          the configuration cannot be used
├── Malformed          the body is no JSON
├── Invalid            what was sent is wrong; `field` names the part to blame
├── NotAuthenticated   no token, or one that is not valid
├── NotAllowed         a valid token of somebody else
├── NotFound           there is no such thing
├── Conflict           it cannot be done in the state that things are in
├── TooLarge           the body is larger than allowed
├── DiskFull           the disk where files are kept has no room
└── Unreachable        the server does not answer now
    └── Rejected       the server answered, and will not have what was sent
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import msgspec
from flamenco_common.content import is_disk_full
from flask import Flask, Response
from werkzeug.exceptions import HTTPException

log = logging.getLogger(__name__)


class ManagerError(Exception):
    """Root of all; its text is one sentence for people."""


class BadConfig(ManagerError):
    """The configuration cannot be used."""


class Malformed(ManagerError):
    """The body is no JSON."""


class Invalid(ManagerError):
    """What was sent is wrong."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class NotAuthenticated(ManagerError):
    """No token, or one that is not valid."""


class NotAllowed(ManagerError):
    """A valid token of somebody else."""


class NotFound(ManagerError):
    """There is no such thing."""


class Conflict(ManagerError):
    """It cannot be done in the state that things are in."""


class TooLarge(ManagerError):
    """The body is larger than allowed."""


class DiskFull(ManagerError):
    """The disk where files are kept has no room."""


class Unreachable(ManagerError):
    """The server does not answer now."""


class Rejected(Unreachable):
    """The server answered, and will not have what was sent: the same again would not help."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


STATUS: Mapping[type[ManagerError], tuple[int, str]] = {
    BadConfig: (500, "Bad configuration"),
    Malformed: (400, "Not JSON"),
    Invalid: (422, "Not valid"),
    NotAuthenticated: (401, "Who are you?"),
    NotAllowed: (403, "Not allowed"),
    NotFound: (404, "Not found"),
    Conflict: (409, "Not possible now"),
    TooLarge: (413, "Too large"),
    DiskFull: (507, "Disk full"),
    Unreachable: (503, "Not available now"),
}


def problem(error: ManagerError) -> Response:
    """The answer for an error of ours."""
    status, title = next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), (500, "Error"))
    answer = problem_response(title, status, str(error), getattr(error, "field", ""))
    if status == 401:
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


def problem_response(title: str, status: int, detail: str, field: str = "") -> Response:
    """A problem document (RFC 9457)."""
    document = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    if field:
        document["field"] = field
    return Response(msgspec.json.encode(document), status, content_type="application/problem+json")


def install(app: Flask) -> None:
    """Map every error to `application/problem+json`."""
    app.register_error_handler(ManagerError, problem)
    app.register_error_handler(HTTPException, _http_problem)
    app.register_error_handler(Exception, unexpected)


def _http_problem(error: HTTPException) -> Response:
    answer = problem_response(error.name, error.code or 500, error.description or error.name)
    for name, value in error.get_headers():
        if name.lower() in ("allow", "content-range"):
            answer.headers[name] = value
    return answer


def unexpected(error: Exception) -> Response:
    """The answer for a mistake of ours."""
    log.error("a request failed", exc_info=error)
    return problem_response("Internal error", 500, "the manager met an error; its log says more")


@contextmanager
def disk_errors() -> Iterator[None]:
    """Turn a full disk into `DiskFull`."""
    try:
        yield
    except OSError as error:
        if is_disk_full(error):
            raise DiskFull("the disk of the manager is full") from error
        raise
