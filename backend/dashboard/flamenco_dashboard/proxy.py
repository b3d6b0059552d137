"""The server's API for the pages: with the session's token, with the pages' mark on changes, and nothing else let through."""

from __future__ import annotations

from flask import Blueprint, Request, Response, current_app, request

from flamenco_dashboard.errors import ServerAway
from flamenco_dashboard.sessions import HEADER, check_mark, token_of
from flamenco_dashboard.upstream import Upstream, live_pieces, pieces

blueprint = Blueprint("proxy", __name__)

UP = ("Content-Type", "Range", "If-None-Match", "Accept", "If-Range")
DOWN = (
    "Content-Type", "Content-Length", "Content-Range", "Accept-Ranges", "ETag", "Last-Modified", "Content-Disposition",
    "Retry-After", "Content-Encoding", "Cache-Control",
)  # fmt: skip
# What artists send is shown as pictures or text, and never runs in the dashboard's name.
INERT = "default-src 'none'; sandbox"
SHOWN = (
    "image/png",
    "image/jpeg",
    "image/webp",
    "image/avif",
    "application/json",
    "text/plain",
    "video/mp4",
    "video/webm",
)
UPSTREAM = "flamenco_upstream"


def upstream() -> Upstream:
    """The server."""
    found: Upstream = current_app.extensions[UPSTREAM]
    return found


@blueprint.route("/api/<path:path>", methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])
def forward(path: str) -> Response:
    """Make a call of a page to the server."""
    token = token_of(request)
    if request.method not in ("GET", "HEAD"):
        check_mark(request, token, request.headers.get(HEADER, ""))
    answer = upstream().call(
        request.method,
        f"/api/{path}",
        token,
        query=request.query_string.decode("latin-1"),
        body=_body(request),
        headers={name: request.headers[name] for name in UP if name in request.headers},
    )
    response = Response(pieces(answer), status=answer.status_code)
    response.headers.remove("Content-Type")
    for name in DOWN:
        if name in answer.headers:
            response.headers[name] = answer.headers[name]
    _make_inert(response)
    return response


def _body(asked: Request) -> bytes | None:
    return asked.get_data(cache=False) if asked.method not in ("GET", "HEAD") else None


def _make_inert(response: Response) -> None:
    response.headers["Content-Security-Policy"] = INERT
    kind = response.headers.get("Content-Type", "").split(";")[0]
    if kind and kind not in SHOWN and not kind.endswith("+json") and "Content-Disposition" not in response.headers:
        response.headers["Content-Disposition"] = "attachment"


@blueprint.get("/events")
def events() -> Response:
    """The event stream, as the server sends it."""
    token = token_of(request)
    headers = {"Accept": "text/event-stream"}
    if "Last-Event-ID" in request.headers:
        headers["Last-Event-ID"] = request.headers["Last-Event-ID"]
    query = request.query_string.decode("latin-1")
    try:
        answer = upstream().call("GET", _events_url(token), token, query=query, headers=headers, endless=True)
    except ServerAway:
        _known_streams().clear()  # it may have moved
        raise
    response = Response(live_pieces(answer), status=answer.status_code)
    response.headers["Content-Type"] = answer.headers.get("Content-Type", "text/event-stream")
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"
    return response


def _known_streams() -> dict[str, str]:
    found: dict[str, str] = current_app.extensions.setdefault("flamenco_events", {})
    return found


def _events_url(token: str) -> str:
    configured: str = current_app.config["FLAMENCO"].events_url
    if configured:
        return configured
    found = _known_streams()
    if "url" not in found:
        status, ticket = upstream().document("POST", "/api/events/ticket", token, {})
        if status >= 400 or not str(ticket.get("url", "")).startswith(("http://", "https://")):
            return "/api/events/ticket"  # answers what is wrong
        found["url"] = str(ticket["url"]).split("?")[0]
    return found["url"]
