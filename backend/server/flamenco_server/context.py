"""What a view can reach: the collaborators of the app, and who is asking."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from flask import current_app, g, request

from flamenco_server.config import ServerConfig
from flamenco_server.db import Database
from flamenco_server.modules.auth.principal import Principal

if TYPE_CHECKING:
    from flamenco_server.endpoints import Endpoint
    from flamenco_server.modules.auth.authenticator import Authenticator

EXTENSION = "flamenco"


@dataclass(frozen=True)
class Core:
    """Collaborators that every module may use; lives at `app.extensions["flamenco"]`."""

    config: ServerConfig
    database: Database
    clock: Callable[[], float]
    auth: Authenticator
    endpoints: list[Endpoint] = field(default_factory=list)  # all that are registered, for the OpenAPI document


def core() -> Core:
    """The collaborators of the app that handles this request."""
    return cast(Core, current_app.extensions[EXTENSION])


def principal() -> Principal:
    """Who asks. Only inside an endpoint that is not open."""
    return cast(Principal, g.principal)


def own_url() -> str:
    """This server as people reach it: the configured address, else the one that this request named."""
    return (core().config.public_url or request.host_url).rstrip("/")
