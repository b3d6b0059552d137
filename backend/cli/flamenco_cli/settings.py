"""Which farm to talk to, and as whom: options, then the environment, then `login`, then a farm on this machine."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import click
import platformdirs

CONFIG_FOLDER = "flamenco"


@dataclass(frozen=True)
class Farm:
    """A server's address and a token for it."""

    address: str
    token: str


def config_file() -> Path:
    """Where `login` keeps what it is told."""
    return Path(platformdirs.user_config_dir(CONFIG_FOLDER, appauthor=False)) / "farm.json"


def local_file() -> Path:
    """Where `up` says which farm runs on this machine."""
    return Path(platformdirs.user_state_dir(CONFIG_FOLDER, appauthor=False)) / "up.json"


def save(farm: Farm, file: Path) -> None:
    """Write address and token so that only the owner can read them, whole or not at all."""
    write_secret(file, json.dumps({"address": farm.address, "token": farm.token}) + "\n")


def write_secret(file: Path, text: str) -> None:
    """Write a file of mode 600 in one step."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = file.with_name(f".{file.name}.{os.getpid()}")
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as stream:
            stream.write(text)
        fresh.replace(file)
    except OSError as error:
        raise click.ClickException(f"{file} cannot be written: {error.strerror or error}") from error


def read(file: Path) -> Farm | None:
    """A farm from a file, if there is one."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        found = json.loads(file.read_text(encoding="utf-8"))
        return Farm(str(found["address"]), str(found["token"]))
    return None


def find(address: str | None, token: str | None, environment: Mapping[str, str]) -> Farm:
    """The farm to talk to. Raises `click.ClickException` if none is known."""
    known = read(config_file()) or read(local_file())
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
    return Farm(address, token)


def _same(one: str, other: str) -> bool:
    return one.rstrip("/").split("://")[-1] == other.rstrip("/").split("://")[-1]
