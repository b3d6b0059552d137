"""`flamenco server events` and `flamenco server collect-garbage`."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

import click

from flamenco_server.config import ServerConfig
from flamenco_server.db import Database
from flamenco_server.errors import BadConfig


@click.command("events")
@click.option("--host", "events_host", help="Address to listen on.")
@click.option("--port", "events_port", type=click.IntRange(0, 65535), help="Port to listen on.")
@click.pass_obj
def events(make_config: Callable[..., ServerConfig], /, **flags: Any) -> None:
    """Serve the live event stream until SIGTERM or Ctrl-C; a process of its own beside `run`."""
    from flamenco_server.events import serve

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    serve(make_config(**flags), lambda url: click.echo(f"flamenco server: events on {url}", err=True))


@click.command("collect-garbage")
@click.option(
    "--grace-hours", "files_grace_hours", type=float, help="Spare what was sent or asked for since; 2 or more."
)
@click.pass_obj
def collect_garbage(make_config: Callable[..., ServerConfig], /, **flags: Any) -> None:
    """Delete files that no job needs, abandoned uploads, and old copies of run logs; best once a day."""
    from flamenco_server.migrating import check_migrated
    from flamenco_server.modules.files.build import build_collector, build_store
    from flamenco_server.modules.log.run_log import trim

    config = make_config(**flags)
    if config.files_grace_hours < 2:
        raise BadConfig("the grace period must be 2 hours or more: files of jobs that are being submitted would go")
    database = Database(config.url())
    try:
        check_migrated(database)
        gone = build_collector(config, database, build_store(config), time.time).collect()
        database.write(lambda session: trim(session, time.time() - config.log_keep_days * 86400))
    finally:
        database.close()
    click.echo(f"{gone.files} files gone, {gone.bytes / 1e6:.1f} MB")
