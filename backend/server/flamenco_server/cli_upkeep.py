"""`flamenco server events`, `collect-garbage` and `backup`."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import click
from sqlalchemy import make_url

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
    from flamenco_server.modules.farm.cleaning import Cleaning
    from flamenco_server.modules.files.build import build_collector, build_store

    config = make_config(**flags)
    if config.files_grace_hours < 2:
        raise BadConfig("the grace period must be 2 hours or more: files of jobs that are being submitted would go")
    database = Database(config.url())
    try:
        check_migrated(database)
        collector = build_collector(config, database, build_store(config), time.time)
        gone = Cleaning(database, collector, time.time, config.log_keep_days * 86400).run("command line")
    finally:
        database.close()
    click.echo(f"{gone.files} files gone, {gone.bytes / 1e6:.1f} MB")


@click.command("backup")
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_obj
def backup(make_config: Callable[..., ServerConfig], file: Path) -> None:
    """Copy the SQLite database, whole as of one moment, to FILE while the server runs. PostgreSQL has pg_dump."""
    url = make_url(make_config().url())
    if url.get_backend_name() != "sqlite":
        raise BadConfig("the database is PostgreSQL: back it up with pg_dump")
    source = Path(url.database or "")
    if not source.is_file():
        raise BadConfig(f"there is no database {source}")
    if file.exists():
        raise BadConfig(f"{file} is there already: a backup never writes over another")
    part = file.with_name(file.name + ".part")
    part.unlink(missing_ok=True)
    # Made first, so that nobody else can read it: it holds hashes of tokens.
    part.touch(mode=0o600)
    with closing(sqlite3.connect(source)) as database, closing(sqlite3.connect(part)) as copy:
        database.backup(copy)
    part.replace(file)
