"""Codes that people read and type, and how they are stored."""

from __future__ import annotations

import secrets

# No vowels, so that no words come out; no digits, so that none looks like a letter.
LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
_LENGTH = 8  # 25 thousand million codes, for ten minutes


def new_user_code() -> str:
    """A code like KXTW-RZPQ."""
    letters = "".join(secrets.choice(LETTERS) for _ in range(_LENGTH))
    return f"{letters[:4]}-{letters[4:]}"


def tidy(typed: str) -> str:
    """A code as it was shown, from what somebody typed; empty if it cannot be one."""
    letters = "".join(letter for letter in typed[:40].upper() if letter not in " -_.")
    if len(letters) != _LENGTH or any(letter not in LETTERS for letter in letters):
        return ""
    return f"{letters[:4]}-{letters[4:]}"
