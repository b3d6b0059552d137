"""The dashboard's Flask app: pages, the way to the server's API, and the policy that holds for every answer."""

from __future__ import annotations

from flask import Flask, Response, jsonify, redirect, request, url_for
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from flamenco_dashboard import pages, proxy, pulse, sample, signing
from flamenco_dashboard.config import DashboardConfig
from flamenco_dashboard.errors import DashboardError, SignedOut
from flamenco_dashboard.upstream import Upstream

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
    "connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
MOST_BODY = 64 * 1024 * 1024


def create_app(config: DashboardConfig, upstream: Upstream | None = None) -> Flask:
    """Build the app."""
    app = Flask("flamenco_dashboard")
    app.config["FLAMENCO"] = config
    app.config["MAX_CONTENT_LENGTH"] = MOST_BODY
    app.extensions[proxy.UPSTREAM] = upstream or Upstream(config.server_url, config.server_timeout_seconds)
    for blueprint in (pages.blueprint, signing.blueprint, proxy.blueprint, pulse.blueprint, sample.blueprint):
        app.register_blueprint(blueprint)
    app.register_error_handler(DashboardError, on_error)
    app.register_error_handler(HTTPException, on_http_error)
    app.after_request(guarded)
    app.add_url_rule("/health", "health", lambda: jsonify(status="ok"))
    return app


def guarded(response: Response) -> Response:
    """The policy that holds unless an answer has a stricter one."""
    response.headers.setdefault("Content-Security-Policy", POLICY)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "same-origin")
    response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    return response


def on_error(error: DashboardError) -> AnyResponse:
    """A person without a session is sent to sign in; everything else is a problem document."""
    if isinstance(error, SignedOut) and request.method == "GET" and _wants_page():
        return redirect(url_for("signing.sign_in", next=request.full_path.rstrip("?")))
    return _problem(error.status, str(error))


def on_http_error(error: HTTPException) -> AnyResponse:
    """A page that does not exist, a body that is too large, and such."""
    if _wants_page() and error.code == 404:
        return pages.missing()
    return _problem(error.code or 500, error.description or error.name)


def _wants_page() -> bool:
    return not request.path.startswith(("/api/", "/events", "/static/"))


def _problem(status: int, sentence: str) -> Response:
    response = jsonify(type="about:blank", title="", status=status, detail=sentence)
    response.status_code = status
    response.headers["Content-Type"] = "application/problem+json"
    return response
