"""What the Flask views have in common: who calls, what was sent, and how an answer is written."""

from __future__ import annotations

from typing import Any

import msgspec
from flask import Response, request

from flamenco_manager.errors import TooLarge
from flamenco_manager.reading import bearer_of, decode
from flamenco_manager.site import site
from flamenco_manager.workers.member import Member


def bearer() -> str:
    """The token of this request. Raises `NotAuthenticated`."""
    return bearer_of(request.headers.get("Authorization", ""))


def worker() -> Member:
    """The worker that calls; it was heard of now. Raises `NotAuthenticated`."""
    member = site().fleet.by_token(bearer())
    member.last_seen = site().ticks()
    return member


def decoded(decoder: msgspec.json.Decoder[Any]) -> Any:
    """The request's body as the decoder's type. Raises `Malformed`, `Invalid` or `TooLarge`."""
    most = site().config.most_body_mb
    if (request.content_length or 0) > most << 20:
        raise TooLarge(f"the body has more than {most} MB")
    return decode(decoder, request.get_data(cache=False))


def answer(document: Any, status: int = 200) -> Response:
    """A document as a response."""
    return Response(msgspec.json.encode(document), status, content_type="application/json")
