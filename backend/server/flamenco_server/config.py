"""The server's configuration: one frozen object, built once from a file, the environment and the command line."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
import platformdirs
from flamenco_common.configuring import BadFile, configured, database_url

from flamenco_server.errors import BadConfig

Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]  # 0: any free one


class ServerConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All that can be set. A field is a key of the TOML file and, in capitals after FLAMENCO_SERVER_, of the environment."""

    data_dir: Path
    database_url: str = ""  # empty: SQLite in data_dir; else an SQLAlchemy URL such as postgresql://farm@db/flamenco
    host: str = "127.0.0.1"
    port: Port = 8080
    threads: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 16  # that serve requests
    events_host: str = "127.0.0.1"
    events_port: Port = 8082
    events_url: str = ""  # the event stream as browsers reach it; empty: http://events_host:events_port/events
    events_keep_hours: float = 24.0  # a stream that was away for longer gets a reset instead of what it missed
    public_url: str = ""  # this server as people reach it; empty: as the request named it
    mdns: bool = True  # be found by the Blender add-on on the local network, unless it listens on loopback only
    dashboard_url: str = ""  # the dashboard as people reach it; empty: sign-ins are approved on a page of the server
    trusted_proxies: list[str] = []  # addresses of reverse proxies whose X-Forwarded-For tells who calls
    session_days: Annotated[float, msgspec.Meta(gt=0, le=3650)] = 14.0  # whoever signed in with a password stays so
    files_url: str = ""  # a folder or s3://bucket/prefix; empty: the folder "files" in data_dir
    files_options: dict[str, str] = {}  # for the store: endpoint, region, access_key_id, secret_access_key …
    files_staging: Path | None = None  # where files are written before they go to a bucket; None: data_dir/staging
    files_grace_hours: float = 24.0  # garbage collection spares what was sent or asked for since; at least 2
    most_file_mb: int = 0  # of one file; 0: no bound
    log_keep_days: float = 7.0  # the server's copies of run logs that nobody read since go; managers keep the whole
    job_compilers: list[Path] = []  # folders of own job compilers, beside the built-in ones
    render_settings: list[Path] = []  # folders of own presets, beside the built-in ones
    builtin_compilers: bool = True
    addon_dir: Path | None = None  # where the Blender add-on's packages are; None: where `make addon` puts them
    lease_seconds: int = 300  # a run that says nothing for so long has lost its task
    most_losses: int = 5  # a task that machines lost so often is failed
    worker_failures: int = 5  # failed runs in a row, of two jobs or more, that set a worker aside
    worker_silent_seconds: int = 120  # a worker unheard of for so long counts as away
    token_cache_seconds: float = 10.0  # a verified token is believed for so long without asking the database
    most_body_mb: int = 64  # of a JSON body; files have no bound

    def url(self) -> str:
        """The SQLAlchemy URL of the database; PostgreSQL always through psycopg."""
        return database_url(self.database_url, self.data_dir / "flamenco-server.sqlite")

    def event_stream_url(self) -> str:
        """Where browsers find the event stream."""
        return self.events_url or f"http://{self.events_host}:{self.events_port}/events"

    def files_location(self) -> str:
        """Where files are stored: a folder or an s3:// address."""
        return self.files_url or str(self.data_dir / "files")


def load(file: Path | None, environment: Mapping[str, str], flags: Mapping[str, Any]) -> ServerConfig:
    """Build the configuration: flags win over the environment, that over the file, that over the defaults.

    Raises `BadConfig`.
    """
    try:
        return configured(
            ServerConfig,
            "server",
            file,
            environment,
            flags,
            data_dir=platformdirs.user_data_dir("flamenco-server", appauthor=False),
        )
    except BadFile as error:
        raise BadConfig(str(error)) from error
