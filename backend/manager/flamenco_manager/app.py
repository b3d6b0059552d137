"""The manager's Flask app."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

from flask import Flask, Response

from flamenco_manager import errors
from flamenco_manager.assignments.views import blueprint as assignments
from flamenco_manager.endpoints import answer
from flamenco_manager.files.views import blueprint as files
from flamenco_manager.hot import Hot
from flamenco_manager.logs.views import blueprint as logs
from flamenco_manager.site import EXTENSION, Site, site
from flamenco_manager.workers.views import blueprint as workers


def create_app(built: Site) -> Flask:
    """Build the app on its collaborators; the database must be migrated already."""
    app = Flask("flamenco_manager", static_folder=None)
    app.extensions[EXTENSION] = built
    errors.install(app)
    for blueprint in (workers, assignments, files, logs):
        app.register_blueprint(blueprint)
    app.add_url_rule("/health", "health", health)
    app.wsgi_app = Hot(built, app.wsgi_app)  # type: ignore[method-assign]
    return app


def health() -> Response:
    """That the manager answers, and whether its server does. Open to everybody."""
    try:
        installed = version("flamenco")
    except PackageNotFoundError:
        installed = ""
    server = "away" if site().server.is_away else "ok"
    return answer({"status": "ok", "version": installed, "server": server})
