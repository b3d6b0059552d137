"""`flamenco login`: remember a farm and a token."""

from __future__ import annotations

import os

import click
from flamenco_client.account import Account, account_file, write_account
from flamenco_client.api import Client

from flamenco_cli.common import print_json


@click.command("login")
@click.argument("address", required=False)
@click.option("--token", help="Your token [default: asked for].")
@click.option("--json", "as_json", is_flag=True, help="Answer with JSON, for scripts.")
def login(address: str | None, token: str | None, as_json: bool) -> None:
    """Remember a farm's address and your token, for your eyes only."""
    address = address or os.environ.get("FLAMENCO_SERVER") or click.prompt("Address of the server", err=True)
    token = token or os.environ.get("FLAMENCO_TOKEN") or click.prompt("Token", hide_input=True, err=True)
    client = Client(address, token.strip())
    who = client.me()
    write_account(Account(client.address, token.strip()), account_file())
    if as_json:
        print_json(who)
    else:
        click.echo(f"Logged in at {client.address} as {who.get('name', 'you')} ({who.get('role', '?')}).")
