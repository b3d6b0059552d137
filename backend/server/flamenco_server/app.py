"""The server's Flask app: collaborators are built here, modules are found by their `views.endpoint`."""

from __future__ import annotations

import importlib
import pkgutil
import time
from collections.abc import Callable, Iterator
from types import ModuleType

from flask import Flask

from flamenco_server import errors, modules
from flamenco_server.config import ServerConfig
from flamenco_server.context import EXTENSION, Core
from flamenco_server.db import Database
from flamenco_server.modules.auth.authenticator import Authenticator


def create_app(config: ServerConfig, database: Database | None = None, clock: Callable[[], float] = time.time) -> Flask:
    """Build the app; the database must be migrated already."""
    app = Flask("flamenco_server", static_folder=None)
    # Nothing but health and the empty page of the API answers without a token.
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    database = database or Database(config.url())
    core = Core(config, database, clock, Authenticator(database, clock, config.token_cache_seconds))
    app.extensions[EXTENSION] = core
    errors.install(app)
    for views in view_modules():
        register(app, core, views)
    return app


def view_modules() -> Iterator[ModuleType]:
    """The `views` of every module that has them."""
    for found in pkgutil.iter_modules(modules.__path__):
        package = importlib.import_module(f"{modules.__name__}.{found.name}")
        if any(part.name == "views" for part in pkgutil.iter_modules(package.__path__)):
            yield importlib.import_module(f"{package.__name__}.views")


def register(app: Flask, core: Core, views: ModuleType) -> None:
    """Add one module: its collaborators, its endpoints and the record of them."""
    if hasattr(views, "setup"):
        views.setup(app, core)
    app.register_blueprint(views.endpoint.blueprint)
    core.endpoints.extend(views.endpoint.recorded)
