"""Passwords: stored as scrypt with its parameters, checked in the same time whether there is one or not."""

from __future__ import annotations

import threading
from functools import cache

from werkzeug.security import check_password_hash, generate_password_hash

LEAST_CHARACTERS, MOST_CHARACTERS = 8, 1000
_METHOD = "scrypt:32768:8:1"
# Each takes 32 MB and a core for a moment: many at once must not take the farm's.
_AT_ONCE = threading.BoundedSemaphore(2)


def hash_password(password: str) -> str:
    """What is stored of a password."""
    with _AT_ONCE:
        return generate_password_hash(password, _METHOD)


def check_password(stored: str | None, password: str) -> bool:
    """Whether it is that password; never if none is stored, which takes as long to find out."""
    with _AT_ONCE:
        right = check_password_hash(stored or _nobodys(), password)
    return right and stored is not None


@cache
def _nobodys() -> str:
    return generate_password_hash("", _METHOD)
