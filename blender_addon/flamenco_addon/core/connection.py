"""What is right or wrong between here and a farm: its address, the token, the versions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from flamenco_client.account import Account
from flamenco_client.api import Client
from flamenco_client.errors import ClientError, NotAllowed, Unreachable

from .catalogue import Catalogue, fetch_catalogue
from .forms import line, number

API = 1  # of the server, that this add-on was made for


class Part(Enum):
    """What is to blame."""

    NOTHING = "nothing"
    ADDRESS = "address"
    TOKEN = "token"  # noqa: S105 - a word, no token
    ROLE = "role"  # signed in, but may not submit
    VERSION = "version"


@dataclass(frozen=True)
class Verdict:
    """What is wrong, as one sentence, or that nothing is; and what the farm offers, if that was asked for."""

    part: Part
    text: str
    catalogue: Catalogue | None = None

    @property
    def good(self) -> bool:
        """Whether jobs can be sent."""
        return self.part is Part.NOTHING

    @property
    def usable(self) -> bool:
        """Whether the farm can be talked to."""
        return self.part in (Part.NOTHING, Part.ROLE)


def diagnose(account: Account) -> Verdict:
    """Say what is wrong with an account."""
    if not account.address.strip():
        return Verdict(Part.ADDRESS, "there is no address; write it like http://farm:8080")
    if not all("!" <= char <= "~" for char in account.token):
        return Verdict(Part.TOKEN, "the token has letters that no token has")
    client = Client(account.address.strip(), "", tries=1)  # a token goes to nobody who does not say who they are
    try:
        health = client.health()
    except Unreachable as error:
        return Verdict(Part.ADDRESS, line(str(error)))
    except NotAllowed:
        return Verdict(Part.ADDRESS, f"{client.address} answers, but it is no Flamenco server")
    except ClientError as error:
        return Verdict(Part.ADDRESS, _stranger(client, error))
    return _of_version(client, health) or _of_token(Client(client.address, account.token, tries=1), health)


def _stranger(client: Client, error: ClientError) -> str:
    text = line(str(error))
    return text if client.address in text else f"{client.address} answers, but it is no Flamenco server ({text})"


def _of_version(client: Client, health: dict[str, Any]) -> Verdict | None:
    version = line(health.get("version"))
    if health.get("status") != "ok" or not version:
        return Verdict(Part.ADDRESS, f"{client.address} answers, but it is no Flamenco server")
    api = number(health.get("api"))
    if api is None or api < API:
        text = f"the server {client.address} is older ({version[:40]}) than this add-on: take the add-on that it offers"
        return Verdict(Part.VERSION, text)
    if api > API:
        text = f"the server {client.address} is newer ({version[:40]}) than this add-on: take the add-on that it offers"
        return Verdict(Part.VERSION, text)
    return None


def _of_token(client: Client, health: dict[str, Any]) -> Verdict:
    if not client.token:
        return Verdict(Part.TOKEN, "the server answers; there is no token yet: sign in")
    try:
        me = client.me()
    except NotAllowed as error:
        return Verdict(Part.TOKEN, f"the server does not take the token: {line(str(error))}")
    except ClientError as error:
        return Verdict(Part.ADDRESS, line(str(error)))
    name, role = line(me.get("name")), line(me.get("role"))
    if me.get("kind") != "user":
        return Verdict(
            Part.TOKEN, f"this is the token of {name or 'a program'}, which is no user: ask for one of your own"
        )
    if role == "viewer":
        return Verdict(Part.ROLE, f"you are signed in as {name}, who may look but not submit jobs: ask an admin")
    return Verdict(
        Part.NOTHING, f"all is well: signed in as {name} ({role}) on {client.address}, {line(health['version'])}"
    )


def ask(account: Account) -> Verdict:
    """Say what is wrong with an account; if it can be used, with what the farm offers. Raises a `ClientError`."""
    verdict = diagnose(account)
    if not verdict.usable:
        return verdict
    return replace(verdict, catalogue=fetch_catalogue(Client(account.address.strip(), account.token, tries=2)))
