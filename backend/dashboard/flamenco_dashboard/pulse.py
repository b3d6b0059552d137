"""Whether the server answers: all open pages ask the dashboard, and the dashboard asks the server once for all of them."""

from __future__ import annotations

import threading
import time

from flask import Blueprint, Response, current_app, jsonify

from flamenco_dashboard.errors import ServerAway
from flamenco_dashboard.proxy import upstream
from flamenco_dashboard.upstream import Upstream

blueprint = Blueprint("pulse", __name__)

FRESH_SECONDS = 1.5
PATIENCE_SECONDS = 4.0  # a server that takes longer to say that it is well is not


class Pulse:
    """Feels whether the server answers, at most every `FRESH_SECONDS`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._felt = -FRESH_SECONDS
        self._missing: ServerAway | None = None

    def feel(self, server: Upstream) -> None:
        """Raise `ServerAway` if it does not answer."""
        with self._lock:
            if time.monotonic() - self._felt > FRESH_SECONDS:
                self._missing = self._ask(server)
                self._felt = time.monotonic()
            missing = self._missing
        if missing is not None:
            raise ServerAway(str(missing))

    @staticmethod
    def _ask(server: Upstream) -> ServerAway | None:
        try:
            with server.call("GET", "/api/health", seconds=PATIENCE_SECONDS) as answer:
                return None if answer.ok else ServerAway(f"the server at {server.address} is not well")
        except ServerAway as error:
            return error


@blueprint.get("/alive")
def alive() -> Response:
    """Say that the dashboard and the server answer; 502 if the server does not."""
    current_app.extensions.setdefault("flamenco_pulse", Pulse()).feel(upstream())
    response = jsonify(status="ok")
    response.headers["Cache-Control"] = "no-store"
    return response
