"""The manager's configuration: one frozen object, built once from a file, the environment and the command line."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import platformdirs
from flamenco_common.configuring import BadFile, check_server_url, configured, database_url, text_of
from flamenco_common.hosts import address_of
from flamenco_common.variables import Variable, from_config

from flamenco_manager.errors import BadConfig

ENROLMENT_FILE = "enrolment"


class ManagerConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All that can be set. A field is a key of the TOML file and, in capitals after FLAMENCO_MANAGER_, of the environment."""

    data_dir: Path
    database_url: str = ""  # empty: SQLite in data_dir; else an SQLAlchemy URL such as postgresql://farm@db/manager
    host: str = "127.0.0.1"
    port: int = 8081
    threads: int = 64  # that serve workers; one waits while its worker's request is joined with others
    public_url: str = ""  # this manager as its workers reach it; empty: by this machine's address and the port
    server_url: str = "http://127.0.0.1:8080"
    token: str = ""  # the manager's token at the server
    token_file: Path | None = None  # or a file with it
    enrolment: str = ""  # the secret with which workers enrol; empty: one is made and kept in data_dir
    enrolment_file: Path | None = None  # or a file with it
    variables: dict[str, dict[str, str | bool]] = {}  # [variables.NAME] with values by platform, and two_way
    cache_bytes: int = 100_000_000_000  # of job files; what waits for the server is kept in any case
    log_keep_days: float = 30.0  # the whole logs of finished runs go then
    log_piece_mb: int = 16  # a longer log is kept in pieces
    most_log_mb: int = 1024  # of one run; what a run says beyond that is dropped
    worker_silent_seconds: float = 60.0  # a worker unheard of for so long is offline, its runs are given back
    task_silent_seconds: float = 120.0  # a begun run without an update for so long is lost
    lease_renewal_seconds: float = 60.0  # the server hears so often which runs live
    most_idle_requests: float = 50.0  # a second, of all idle workers together
    most_body_mb: int = 64  # of a JSON body
    most_file_mb: int = 0  # of one file; 0: no bound
    server_timeout_seconds: float = 30.0  # the server may take so long to answer
    mdns: bool = True  # be found by workers on the local network, unless it listens on loopback only

    def url(self) -> str:
        """The SQLAlchemy URL of the database; PostgreSQL always through psycopg."""
        return database_url(self.database_url, self.data_dir / "flamenco-manager.sqlite")

    def reached_at(self) -> str:
        """This manager as its workers reach it; empty if it takes any free port, or its host is unknown."""
        if self.public_url or not self.port:
            return self.public_url.rstrip("/")
        try:
            return f"http://{address_of(self.host)}:{self.port}"
        except OSError:
            return ""

    def manager_token(self) -> str:
        """The manager's token at the server. Raises `BadConfig`."""
        token = _secret("token", self.token, self.token_file)
        if not token:
            raise BadConfig(
                "the manager has no token of the server: give token_file (see flamenco server create-manager)"
            )
        return token

    def own_variables(self) -> list[Variable]:
        """The site's own variables."""
        return from_config(self.variables)


def _secret(name: str, text: str, file: Path | None) -> str:
    if file is None:
        return text
    try:
        return text_of(file, f"{name} file")
    except BadFile as error:
        raise BadConfig(str(error)) from error


def given_enrolment(config: ManagerConfig) -> str:
    """The enrolment secret of the configuration, or an empty text."""
    return _secret("enrolment", config.enrolment, config.enrolment_file)


def load(file: Path | None, environment: Mapping[str, str], flags: Mapping[str, Any]) -> ManagerConfig:
    """Build the configuration: flags win over the environment, that over the file, that over the defaults.

    Raises `BadConfig`.
    """
    try:
        config = configured(
            ManagerConfig,
            "manager",
            file,
            environment,
            flags,
            data_dir=platformdirs.user_data_dir("flamenco-manager", appauthor=False),
        )
        check_server_url(config.server_url)
    except BadFile as error:
        raise BadConfig(str(error)) from error
    return config
