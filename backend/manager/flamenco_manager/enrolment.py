"""The site's enrolment secret: given by the configuration, or made once and kept for the owner only."""

from __future__ import annotations

import os
import secrets

from flamenco_manager.config import ENROLMENT_FILE, ManagerConfig, given_enrolment
from flamenco_manager.errors import BadConfig


def enrolment_secret(config: ManagerConfig) -> str:
    """The secret with which workers enrol. Raises `BadConfig`."""
    given = given_enrolment(config)
    if given:
        return given
    file = config.data_dir / ENROLMENT_FILE
    try:
        return file.read_text(encoding="utf-8").strip() if file.exists() else _made(config)
    except OSError as error:
        raise BadConfig(f"the enrolment file {file} cannot be used: {error.strerror}") from error


def _made(config: ManagerConfig) -> str:
    file = config.data_dir / ENROLMENT_FILE
    config.data_dir.mkdir(parents=True, exist_ok=True)
    secret = f"enrol_{secrets.token_urlsafe(24)}"
    temporary = file.with_suffix(".new")
    temporary.unlink(missing_ok=True)
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
        stream.write(secret + "\n")
    temporary.replace(file)
    return secret
