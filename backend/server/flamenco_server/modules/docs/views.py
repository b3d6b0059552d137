"""The OpenAPI document and a page to browse it.

The page itself is open: it is an empty frame of library files. It asks for a token, keeps it for the browser tab, and
fetches the document, which is not open, with it. Nothing comes from other hosts.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

from flask import Response, send_from_directory

from flamenco_server.context import core
from flamenco_server.endpoints import Endpoints
from flamenco_server.errors import NotFound
from flamenco_server.helpers import openapi
from flamenco_server.modules.auth.principal import Role

endpoint = Endpoints("docs")

_OWN = ("start.js", "page.css")
_LIBRARY = ("swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png")
_POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'"


@endpoint("GET", "/openapi.json", answer=dict[str, Any], role=Role.VIEWER, manager=True)
def openapi_document() -> dict[str, Any]:
    """Give this description of the API."""
    described = openapi.document(core().endpoints, version("flamenco"))
    described["paths"]["/events"] = openapi.event_stream(core().config.event_stream_url())
    return described


@endpoint("GET", "/docs", everyone=True, raw_answer="text/html")
def docs_page() -> Response:
    """Show a page to browse the API; it asks for a token."""
    answer = Response((_static() / "page.html").read_text(encoding="utf-8"), content_type="text/html; charset=utf-8")
    answer.headers["Content-Security-Policy"] = _POLICY
    return answer


@endpoint("GET", "/docs/<name>", everyone=True, raw_answer="application/octet-stream", statuses=(404,))
def docs_file(name: str) -> Response:
    """Send a part of that page."""
    if name not in _OWN + _LIBRARY:
        raise NotFound("the page has no such part")
    answer = send_from_directory(_static() if name in _OWN else _library(), name, max_age=3600)
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer


@cache
def _static() -> Path:
    return Path(__file__).parent / "static"


@cache
def _library() -> Path:
    return Path(str(files("flask_swagger_ui") / "dist"))
