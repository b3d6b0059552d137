"""Which farm to talk to, and as whom: options, then the environment, then `login`, then a farm on this machine."""

from __future__ import annotations

from collections.abc import Mapping

import click
from flamenco_client.account import Account, account_file, local_file, read_account


def find(address: str | None, token: str | None, environment: Mapping[str, str]) -> Account:
    """The farm to talk to. Raises `click.ClickException` if none is known."""
    known = read_account(account_file()) or read_account(local_file())
    address = address or environment.get("FLAMENCO_SERVER") or ""
    token = token or environment.get("FLAMENCO_TOKEN") or ""
    if known is not None and (not address or _same(address, known.address)):
        address, token = known.address, token or known.token
    if not address:
        raise click.ClickException(
            "no farm is known here: say `flamenco login ADDRESS`, or set FLAMENCO_SERVER and FLAMENCO_TOKEN"
        )
    if not token:
        raise click.ClickException(f"no token for {address}: say `flamenco login {address}`, or set FLAMENCO_TOKEN")
    return Account(address, token)


def _same(one: str, other: str) -> bool:
    return one.rstrip("/").split("://")[-1] == other.rstrip("/").split("://")[-1]
