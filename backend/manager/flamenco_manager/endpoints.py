"""What views have in common: who calls, what was sent, and how an answer is written."""

from __future__ import annotations

import re
from typing import Any

import msgspec
from flamenco_common.documents import WorkerOrders
from flask import Response, request

from flamenco_manager.errors import Invalid, Malformed, NotAuthenticated, TooLarge
from flamenco_manager.site import site
from flamenco_manager.workers.member import Member

ORDERS = "Flamenco-Orders"
_AT = re.compile(r" - at `\$(?:\.\.\.)?\.?(.*)`$")
_NAMED = re.compile(r"field `([^`]+)`")


def bearer() -> str:
    """The token of this request. Raises `NotAuthenticated`."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise NotAuthenticated("this needs a token: send the header Authorization: Bearer TOKEN")
    return token.strip()


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
    try:
        return decoder.decode(request.get_data(cache=False))
    except msgspec.ValidationError as error:
        raise _invalid(error) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Malformed(f"the body is not valid JSON: {error}") from error


def answer(document: Any, status: int = 200) -> Response:
    """A document as a response."""
    return Response(msgspec.json.encode(document), status, content_type="application/json")


def with_orders(response: Response, orders: WorkerOrders) -> Response:
    """The same with a worker's orders in its header."""
    response.headers[ORDERS] = msgspec.json.encode(orders).decode("ascii")
    return response


def _invalid(error: msgspec.ValidationError) -> Invalid:
    """Our error for one of msgspec's, with the path of the field to blame."""
    text = str(error)
    at, named = _AT.search(text), _NAMED.search(text)
    path = at[1] if at else ""
    if named:
        path = f"{path}.{named[1]}".lstrip(".")
    words = _AT.sub("", text)
    return Invalid(f"{path or 'the body'}: {words[:1].lower()}{words[1:]}", path)
