"""How waitress serves: large bodies from callers that nobody knows are refused before a byte of them is kept.

Waitress, which serves managers and the server, takes a whole body in, to disk if it is large, before an app can ask who sends it.
It is not imported here: its class comes in.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

MOST_OF_STRANGERS = 1 << 20  # bytes of a body; joining a site takes a few hundred
_DETAIL = "a large body needs a token that is valid here: send the header Authorization: Bearer TOKEN"
_PROBLEM = f'{{"type":"about:blank","title":"Who are you?","status":401,"detail":"{_DETAIL}"}}'

SERVING: dict[str, Any] = {
    "max_request_body_size": 1 << 40,  # files have no bound; JSON bodies have their own
    "inbuf_overflow": 1 << 20,
    "recv_bytes": 1 << 18,  # with its 8 KB a large upload takes three times as long
    "channel_timeout": 300,
    "connection_limit": 2000,
    "ident": "flamenco",
}
"""Waitress's options, the same for managers and the server."""


class Stranger:
    """What waitress answers with instead of asking the app."""

    def to_response(self, ident: str | None = None) -> tuple[str, list[tuple[str, str]], bytes]:  # noqa: ARG002 - waitress's signature
        """Status, headers and body."""
        headers = [("Content-Type", "application/problem+json"), ("WWW-Authenticate", "Bearer")]
        return "401 Unauthorized", headers, _PROBLEM.encode()


def admitting(parser: type, known: Callable[[str], bool]) -> type:
    """Waitress's `parser` of requests, that takes large bodies only if their Authorization header is `known`."""

    class Parser(parser):  # type: ignore[misc]
        def parse_header(self, header_plus: bytes) -> None:
            """Read the headers, and decide with them."""
            super().parse_header(header_plus)
            large = self.chunked or self.content_length > MOST_OF_STRANGERS
            if large and not known(self.headers.get("AUTHORIZATION", "")):
                self.error: Any = Stranger()
                self.completed = True

    return Parser
