"""Who this worker is: made once, kept in its data folder, readable by nobody else."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

import msgspec

from flamenco_worker.errors import BadConfig


class Identity(msgspec.Struct, frozen=True):
    """`identity` is this installation's own; `worker_id` and `token` are the manager's answer, empty before it."""

    identity: str
    worker_id: str = ""
    token: str = ""


def load(file: Path) -> Identity:
    """Read the identity, or make one. Raises `BadConfig` if the file cannot be used."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=Identity)
    except FileNotFoundError:
        fresh = Identity(str(uuid.uuid4()))
        save(file, fresh)
        return fresh
    except (OSError, msgspec.DecodeError) as error:
        raise BadConfig(f"the worker's identity in {file} cannot be read: {error}") from error


def save(file: Path, identity: Identity) -> None:
    """Write the identity with mode 600, whole or not at all."""
    temporary = file.with_suffix(".new")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as stream:
        stream.write(msgspec.json.encode(identity))
    temporary.replace(file)
