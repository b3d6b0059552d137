"""Who may send large bodies to waitress."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flamenco_common.admission import MOST_OF_STRANGERS, admitting
from waitress.adjustments import Adjustments
from waitress.parser import HTTPRequestParser


def parsed(*headers: str) -> Any:
    """What becomes of a request with these headers, before any of its body."""
    parser = admitting(HTTPRequestParser, lambda header: header == "Bearer right")(Adjustments())
    lines = ["PUT /files/x HTTP/1.1", "Host: farm", *headers]
    parser.received("\r\n".join([*lines, "", ""]).encode())
    return parser


@pytest.mark.parametrize("size", [f"Content-Length: {MOST_OF_STRANGERS + 1}", "Transfer-Encoding: chunked"])
def test_a_large_body_needs_a_token(size: str) -> None:
    for stranger in (parsed(size), parsed(size, "Authorization: Bearer wrong")):
        status, _, body = stranger.error.to_response("flamenco")
        assert (stranger.completed, status, json.loads(body)["status"]) == (True, "401 Unauthorized", 401)
    friend = parsed(size, "Authorization: Bearer right")
    assert (friend.completed, friend.error) == (False, None)


def test_the_app_itself_answers_strangers_with_small_bodies() -> None:
    parser = parsed(f"Content-Length: {MOST_OF_STRANGERS}")
    assert (parser.completed, parser.error) == (False, None)
