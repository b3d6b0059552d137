"""The dashboard's configuration: one frozen object, built once from a file, the environment and the command line."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
from flamenco_common.configuring import BadFile, check_server_url, configured

from flamenco_dashboard.errors import BadConfig

Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]  # 0: any free one


class DashboardConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All that can be set. A field is a key of the TOML file and, in capitals after FLAMENCO_DASHBOARD_, of the environment."""

    host: str = "127.0.0.1"
    port: Port = 8083
    server_url: str = "http://127.0.0.1:8080"
    events_url: str = ""  # the event stream as this process reaches it; empty: as the server says
    public_url: str = ""  # this dashboard as people reach it; https:// makes cookies secure; empty: as requests say
    server_timeout_seconds: float = 30.0  # the server may take so long to answer


def load(file: Path | None, environment: Mapping[str, str], flags: Mapping[str, Any]) -> DashboardConfig:
    """Build the configuration: flags win over the environment, that over the file, that over the defaults.

    Raises `BadConfig`.
    """
    try:
        config = configured(DashboardConfig, "dashboard", file, environment, flags)
        check_server_url(config.server_url)
    except BadFile as error:
        raise BadConfig(str(error)) from error
    return config
