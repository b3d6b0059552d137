"""`flamenco dashboard`: serve the dashboard."""

from __future__ import annotations

import logging
import os
import signal
import sys
from pathlib import Path
from typing import Any

import click

from flamenco_dashboard.config import load
from flamenco_dashboard.errors import BadConfig

CONNECTIONS = 16_384


@click.command("dashboard")
@click.option(
    "--config", "file", type=click.Path(path_type=Path), envvar="FLAMENCO_DASHBOARD_CONFIG", help="TOML file."
)
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on.")
@click.option("--server-url", help="Address of the farm's server.")
@click.option("--public-url", help="This dashboard's address as people reach it.")
@click.pass_context
def dashboard(ctx: click.Context, /, file: Path | None, **flags: Any) -> None:
    """Serve the web dashboard until SIGTERM or Ctrl-C."""
    try:
        config = load(file, os.environ, flags)
    except BadConfig as error:
        click.echo(f"flamenco dashboard: {error}", err=True)
        ctx.exit(2)
    # A dashboard waits for the server and for browsers, and does little else: hundreds of streams, each a greenlet.
    from gevent import monkey

    monkey.patch_all()
    _allow_many_connections()
    from flamenco_dashboard.serving import make_server

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    server = make_server(config)
    try:
        server.start()
    except OSError as error:
        click.echo(f"flamenco dashboard: cannot listen on {config.host}:{config.port}: {error.strerror}", err=True)
        ctx.exit(2)
    import gevent

    for number in (signal.SIGINT, signal.SIGTERM):
        gevent.signal_handler(number, server.stop, timeout=1)
    click.echo(f"flamenco dashboard: listening on http://{server.server_host}:{server.server_port}", err=True)
    server.serve_forever()


def _allow_many_connections() -> None:
    """Two connections an open page: take as many as the system grants us, which is more than it gives unasked."""
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS if hard == resource.RLIM_INFINITY else min(CONNECTIONS, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
