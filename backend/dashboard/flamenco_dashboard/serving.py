"""The HTTP server: gevent's, as every open dashboard holds a stream."""

from __future__ import annotations

import logging
from typing import Any

from gevent.pywsgi import WSGIServer

from flamenco_dashboard.app import create_app
from flamenco_dashboard.config import DashboardConfig


def make_server(config: DashboardConfig) -> Any:
    """The server, not started yet."""
    app: Any = create_app(config)
    if config.public_url.startswith("https://"):
        app.wsgi_app = _secure(app.wsgi_app)
    return WSGIServer((config.host, config.port), app, log=None, error_log=logging.getLogger("flamenco_dashboard"))


def _secure(app: Any) -> Any:
    """Behind a proxy that speaks https to people: cookies are for https only."""

    def secured(environ: dict[str, Any], start_response: Any) -> Any:
        environ["wsgi.url_scheme"] = "https"
        return app(environ, start_response)

    return secured
