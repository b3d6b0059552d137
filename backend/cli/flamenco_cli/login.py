"""`flamenco login` and `flamenco logout`: remember a farm and a token, and forget them."""

from __future__ import annotations

import contextlib
import os
import socket
import time

import click
from flamenco_client.account import Account, account_file, read_account, write_account
from flamenco_client.api import Client, Document
from flamenco_client.errors import NotAllowed, NotFound, ServerFault, Unreachable

from flamenco_cli.common import print_json

PAUSE = 2.0  # seconds between two questions whether somebody said yes
_MOST_SECONDS = 900.0


@click.command("login")
@click.argument("address", required=False)
@click.option("--token", help="Your token; - asks for it [default: sign in through the browser].")
@click.option("--json", "as_json", is_flag=True, help="Answer with JSON, for scripts.")
def login(address: str | None, token: str | None, as_json: bool) -> None:
    """Sign in to a farm, and remember it for your eyes only."""
    address = address or os.environ.get("FLAMENCO_SERVER") or click.prompt("Address of the server", err=True)
    token = token or os.environ.get("FLAMENCO_TOKEN") or through_browser(Client(address, ""))
    if token == "-":  # noqa: S105 - the sign that it is to be asked for
        token = str(click.prompt("Token", hide_input=True, err=True))
    client = Client(address, token.strip())
    who = client.me()
    write_account(Account(client.address, token.strip()), account_file())
    if as_json:
        print_json(who)
    else:
        click.echo(f"Logged in at {client.address} as {who.get('name', 'you')} ({who.get('role', '?')}).")


@click.command("logout")
def logout() -> None:
    """Take back the token that `login` got, and forget the farm."""
    account = read_account(account_file())
    if account is None:
        raise click.ClickException("you are not logged in anywhere")
    # A token that is not valid any more needs not be taken back.
    with contextlib.suppress(NotAllowed):
        Client(account.address, account.token).sign_out()
    account_file().unlink(missing_ok=True)
    click.echo(f"Logged out at {account.address}.")


def through_browser(client: Client) -> str:
    """A token that somebody approves in a browser, here or elsewhere. Raises `click.ClickException`."""
    try:
        begun = client.start_sign_in(f"flamenco on {socket.gethostname()}")
    except NotFound as error:
        raise click.ClickException(f"{client.address} takes no sign-in by browser: say your --token") from error
    code, address, device = (_plain(begun, name) for name in ("user_code", "url_with_code", "device_code"))
    click.echo(f"Open {address}\nin a browser, sign in, and say yes to the code {code}.", err=True)
    end = time.monotonic() + _MOST_SECONDS
    while time.monotonic() < end:
        time.sleep(PAUSE)
        found = _asked(client, device)
        if found.get("state") == "approved":
            return _plain(found, "token")
        if found.get("state") == "denied":
            raise click.ClickException("it was refused in the browser")
        if found.get("state") != "pending":
            break
    raise click.ClickException("nobody said yes in time: say `flamenco login` again")


def _asked(client: Client, device: str) -> Document:
    """Whether somebody said yes; a server that is away for a moment is asked again."""
    try:
        return client.poll_sign_in(device)
    except Unreachable:
        return {"state": "pending"}


def _plain(document: Document, name: str) -> str:
    """A text of an answer that may be shown on a terminal."""
    text = document.get(name)
    if not isinstance(text, str) or not text.isprintable() or len(text) > 2000:
        raise ServerFault("the server did not answer like a Flamenco server")
    return text
