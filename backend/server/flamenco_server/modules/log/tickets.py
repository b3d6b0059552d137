"""Short-lived keys to the event stream: a browser's EventSource cannot send an Authorization header.

A ticket is signed with what is stored of its owner's token, so it needs no secret of its own, works in every server
process, and dies with the token. A whole token never stands in an address, where proxies would log it.
"""

from __future__ import annotations

import hashlib
import hmac

from flamenco_server.errors import NotAuthenticated
from flamenco_server.modules.auth.authenticator import Authenticator
from flamenco_server.modules.auth.principal import Principal

TICKET_SECONDS = 60  # to open a stream with; an open stream lives on


def make_ticket(auth: Authenticator, token_id: int, now: float) -> tuple[str, float]:
    """A ticket for the owner of that token, and when it expires."""
    _, key = auth.owner_of(token_id)
    expires = int(now) + TICKET_SECONDS
    return f"{token_id}.{expires}.{_signature(key, token_id, expires)}", float(expires)


def check_ticket(auth: Authenticator, ticket: str, now: float) -> Principal:
    """Whose ticket it is. Raises `NotAuthenticated`."""
    parts = ticket.split(".")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() and len(part) < 13 for part in parts[:2]):
        raise NotAuthenticated("that is not a ticket for the event stream")
    token_id, expires = int(parts[0]), int(parts[1])
    if token_id > 2**31 - 1:
        raise NotAuthenticated("that is not a ticket for the event stream")
    owner, key = auth.owner_of(token_id)
    if not hmac.compare_digest(_signature(key, token_id, expires).encode(), parts[2].encode()):
        raise NotAuthenticated("the ticket is not valid")
    if expires < now:
        raise NotAuthenticated("the ticket has expired; ask for another")
    return owner


def _signature(key: str, token_id: int, expires: int) -> str:
    return hmac.new(key.encode(), f"events {token_id} {expires}".encode(), hashlib.sha256).hexdigest()
