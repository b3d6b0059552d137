"""Which farm to talk to, and as whom."""

from __future__ import annotations

from collections.abc import Mapping

import click
from flamenco_client.account import Account, find_account


def find(address: str | None, token: str | None, environment: Mapping[str, str]) -> Account:
    """The farm to talk to. Raises `click.ClickException` if none is known."""
    found = find_account(address or "", token or "", environment)
    if not found.address:
        raise click.ClickException(
            "no farm is known here: say `flamenco login ADDRESS`, or set FLAMENCO_SERVER and FLAMENCO_TOKEN"
        )
    if not found.token:
        raise click.ClickException(
            f"no token for {found.address}: say `flamenco login {found.address}`, or set FLAMENCO_TOKEN"
        )
    return found
