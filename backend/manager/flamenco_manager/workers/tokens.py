"""Workers' tokens: `worker_NUMBER_SECRET`. Only their SHA-256 is stored."""

from __future__ import annotations

import hashlib
import hmac
import secrets


def new_token(number: int) -> str:
    """A token for the worker with that number."""
    return f"worker_{number}_{secrets.token_hex(24)}"


def hashed(token: str) -> str:
    """What is stored of a token. It is random and long, so a plain hash is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


def number_of(token: str) -> int | None:
    """The worker's number in a token, or None if it is no worker's token."""
    kind, _, rest = token.partition("_")
    number = rest.partition("_")[0]
    return int(number) if kind == "worker" and number.isascii() and number.isdigit() and len(number) < 18 else None


def same(one: str, other: str) -> bool:
    """Compare two hashes in constant time."""
    return hmac.compare_digest(one, other)
