"""Which farm a user talks to and as whom: one file for the command line and the add-on, for the owner's eyes only."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from flamenco_client.errors import LocalFault
from flamenco_client.places import config_folder, state_folder


@dataclass(frozen=True)
class Account:
    """A server's address and a token for it."""

    address: str
    token: str


def account_file() -> Path:
    """Where signing in keeps what it is told."""
    return config_folder() / "farm.json"


def local_file() -> Path:
    """Where `flamenco up` says which farm runs on this machine."""
    return state_folder() / "up.json"


def find_account(address: str, token: str, environment: Mapping[str, str]) -> Account:
    """Whom to talk to: what is given, then the environment, then who signed in, then a farm on this machine.

    A part that is known nowhere is empty.
    """
    known = read_account(account_file()) or read_account(local_file())
    address = address or environment.get("FLAMENCO_SERVER") or ""
    token = token or environment.get("FLAMENCO_TOKEN") or ""
    if known is not None and (not address or _same(address, known.address)):
        address, token = known.address, token or known.token
    return Account(address, token)


def _same(one: str, other: str) -> bool:
    return one.rstrip("/").split("://")[-1] == other.rstrip("/").split("://")[-1]


def read_account(file: Path) -> Account | None:
    """The account in a file, if there is one."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        found = json.loads(file.read_text(encoding="utf-8"))
        return Account(str(found["address"]), str(found["token"]))
    return None


def write_account(account: Account, file: Path) -> None:
    """Keep an account. Raises `LocalFault`."""
    write_secret(file, json.dumps({"address": account.address, "token": account.token}) + "\n")


def write_secret(file: Path, text: str) -> None:
    """Write a file of mode 600, whole or not at all. Raises `LocalFault`."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = file.with_name(f".{file.name}.{os.getpid()}")
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as stream:
            stream.write(text)
        fresh.replace(file)
    except OSError as error:
        raise LocalFault(f"{file} cannot be written: {error.strerror or error}") from error
