"""`flamenco manager …`: run it, migrate its database, show the enrolment secret."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import click
from flamenco_common.hosts import is_loopback
from flamenco_common.journal import journaled
from flamenco_common.locking import try_lock

from flamenco_manager.config import ManagerConfig, load
from flamenco_manager.errors import BadConfig, ManagerError, Unreachable


class _Group(click.Group):
    """Shows an error of ours as one sentence, with exit code 2."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ManagerError as error:
            click.echo(f"flamenco manager: {error}", err=True)
            ctx.exit(2)


@click.group("manager", cls=_Group)
@click.option("--config", "file", type=click.Path(path_type=Path), envvar="FLAMENCO_MANAGER_CONFIG", help="TOML file.")
@click.option("--data-dir", type=click.Path(path_type=Path), help="Folder of the database, the logs and the cache.")
@click.pass_context
def manager(ctx: click.Context, file: Path | None, data_dir: Path | None) -> None:
    """A site's manager."""
    # The configuration is built once the command's own flags are known.
    ctx.obj = lambda **more: load(file, os.environ, {"data_dir": data_dir, **more})


@manager.command()
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=int, help="Port to listen on.")
@click.option("--server-url", help="Address of the farm's server.")
@click.option("--token-file", type=click.Path(path_type=Path), help="File with this manager's token at the server.")
@click.option("--enrolment-file", type=click.Path(path_type=Path), help="File with the secret for workers to enrol.")
@click.option("--threads", type=int, help="Threads that serve workers.")
@click.option("--mdns/--no-mdns", default=None, help="Be found by workers on the local network.")
@click.pass_obj
def run(make_config: Callable[..., ManagerConfig], /, **flags: Any) -> None:
    """Serve this site's workers until SIGTERM or Ctrl-C."""
    from flamenco_manager.site import build

    config = make_config(**flags)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    with _opened(config) as database, journaled(config.data_dir / "log", "the manager") as journal:
        logging.info("the manager of %s begins", config.server_url)
        site = build(config, database, journal=journal)
        try:
            _serve(config, site)
        finally:
            site.courier.stop()


def _serve(config: ManagerConfig, site: Any) -> None:
    from flamenco_manager.serving import make_server

    serving = make_server(config, site)
    signal.signal(signal.SIGTERM, _stop)
    port = int(serving.effective_port)  # it is text where the manager listens on all addresses
    click.echo(f"flamenco manager: listening on http://{config.host}:{port}", err=True)
    # The server may be away; it is told again when the first worker registers.
    with contextlib.suppress(Unreachable):
        site.server.me()
    with _announced(config, port):
        site.courier.start()
        serving.run()


def _announced(config: ManagerConfig, port: int) -> contextlib.AbstractContextManager[None]:
    if not config.mdns or is_loopback(config.host):
        return contextlib.nullcontext()
    from flamenco_manager.announcing import announced

    return announced(config.host, port, f"Flamenco manager on {socket.gethostname()} {port}")


def _stop(number: int, frame: Any) -> NoReturn:  # noqa: ARG001 - a signal handler's signature
    """Waitress finishes what it serves and returns when it sees this."""
    raise SystemExit(0)


@manager.command()
@click.pass_obj
def migrate(make_config: Callable[..., ManagerConfig]) -> None:
    """Bring the database to the newest schema."""
    with _opened(make_config()):
        pass


@contextlib.contextmanager
def _opened(config: ManagerConfig) -> Iterator[Any]:
    """The database, brought to the newest schema: it and its folder are this process's alone. Raises `BadConfig`."""
    from flamenco_manager.db import Database

    with contextlib.ExitStack() as stack:
        try:
            config.data_dir.mkdir(parents=True, exist_ok=True)
            free = stack.enter_context(try_lock(config.data_dir / "lock"))
        except OSError as error:
            raise BadConfig(f"the folder {config.data_dir} cannot be used: {error.strerror}") from error
        if not free:
            raise BadConfig(f"another manager uses the folder {config.data_dir}: give this one another --data-dir")
        database = Database(config.url())
        stack.callback(database.close)
        _migrate(database)
        yield database


def _migrate(database: Any) -> None:
    from sqlalchemy.exc import DBAPIError

    from flamenco_manager.migrating import migrate as run_migrations

    try:
        run_migrations(database)
    except DBAPIError as error:
        raise BadConfig(
            f"the manager's database cannot be opened: {str(error.orig).strip().splitlines()[0]}"
        ) from error


@manager.command()
@click.pass_obj
def enrolment(make_config: Callable[..., ManagerConfig]) -> None:
    """Show the secret with which workers enrol at this site; it is made if there is none."""
    from flamenco_manager.enrolment import enrolment_secret

    click.echo(enrolment_secret(make_config()))


if __name__ == "__main__":
    sys.exit(manager())
