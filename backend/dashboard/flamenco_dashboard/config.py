"""The dashboard's configuration: one frozen object, built once from a file, the environment and the command line."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
from flamenco_common.configuring import BadFile, decode_path, from_toml

from flamenco_dashboard.errors import BadConfig

Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]  # 0: any free one
ENV_PREFIX = "FLAMENCO_DASHBOARD_"


class DashboardConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All that can be set. A field is a key of the TOML file and, in capitals with the prefix, of the environment."""

    host: str = "127.0.0.1"
    port: Port = 8083
    server_url: str = "http://127.0.0.1:8080"
    events_url: str = ""  # the event stream as this process reaches it; empty: as the server says
    public_url: str = ""  # this dashboard as people reach it; https:// makes cookies secure; empty: as requests say
    server_timeout_seconds: float = 30.0  # the server may take so long to answer


def load(file: Path | None, environment: Mapping[str, str], flags: Mapping[str, Any]) -> DashboardConfig:
    """Build the configuration: flags win over the environment, that over the file, that over the defaults.

    Flags that are None count as not given. Raises `BadConfig`.
    """
    try:
        values: dict[str, Any] = dict(from_toml(file)) if file else {}
    except BadFile as error:
        raise BadConfig(str(error)) from error
    found = {name: environment.get(ENV_PREFIX + name.upper()) for name in DashboardConfig.__struct_fields__}
    values.update({name: text for name, text in found.items() if text is not None})
    values.update({name: value for name, value in flags.items() if value is not None})
    try:
        config = msgspec.convert(values, DashboardConfig, strict=False, dec_hook=decode_path)
    except msgspec.ValidationError as error:
        text = str(error).replace("`$.", "`")
        raise BadConfig(f"the dashboard's configuration is not valid: {text}") from error
    if not config.server_url.startswith(("http://", "https://")):
        raise BadConfig(f"server_url must begin with http:// or https://, not be {config.server_url!r}")
    return config
