"""`flamenco server …`: run it, migrate its database, make users and managers."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import click
from sqlalchemy.exc import DBAPIError

from flamenco_server.cli_upkeep import backup, collect_garbage, events
from flamenco_server.config import ServerConfig, load
from flamenco_server.db import Database
from flamenco_server.errors import ServerError
from flamenco_server.modules.auth.principal import Role


class _Group(click.Group):
    """Shows what a person can mend as one sentence, with exit code 2."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ServerError as error:
            sentence = str(error)
        except DBAPIError as error:
            reason = (str(error.orig).strip().splitlines() or ["no reason given"])[0]
            sentence = f"the database cannot be used: {reason}"
        except OSError as error:
            sentence = f"{error.filename or 'a file or a socket'} cannot be used: {error.strerror or error}"
        click.echo(f"flamenco server: {sentence}", err=True)
        return ctx.exit(2)


@click.group("server", cls=_Group)
@click.option("--config", "file", type=click.Path(path_type=Path), envvar="FLAMENCO_SERVER_CONFIG", help="TOML file.")
@click.option("--data-dir", type=click.Path(path_type=Path), help="Folder of the database and the files.")
@click.option("--database-url", help="Another database, such as postgresql://farm@db/flamenco.")
@click.pass_context
def server(ctx: click.Context, file: Path | None, data_dir: Path | None, database_url: str | None) -> None:
    """The farm's server."""
    flags = {"data_dir": data_dir, "database_url": database_url}
    # The configuration is built once the command's own flags are known.
    ctx.obj = lambda **more: load(file, os.environ, {**flags, **more})


@server.command()
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on.")
@click.option("--threads", type=click.IntRange(1, 1000), help="Threads that serve requests.")
@click.option("--mdns/--no-mdns", default=None, help="Be found by the Blender add-on on the local network.")
@click.pass_obj
def run(make_config: Callable[..., ServerConfig], /, **flags: Any) -> None:
    """Serve the API until SIGTERM or Ctrl-C."""
    config = make_config(**flags)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    database = _opened(config)
    try:
        _serve(config, database)
    finally:
        database.close()


def _serve(config: ServerConfig, database: Database) -> None:
    import waitress.server
    from flamenco_common.admission import SERVING

    from flamenco_server.app import create_app
    from flamenco_server.serving import ask_who_sends

    app = create_app(config, database)
    try:
        serving = waitress.server.create_server(
            app,
            host=config.host,
            port=config.port,
            threads=config.threads,
            clear_untrusted_proxy_headers=False,  # that they are there says that a proxy is; `callers` judges them
            **SERVING,
        )
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "there is no such address"
        raise ServerError(f"cannot listen on {config.host}:{config.port}: {reason}") from error
    ask_who_sends(serving, app)
    _offer_setup(config, database)
    signal.signal(signal.SIGTERM, _stop)
    port = int(serving.effective_port)  # it is text where the server listens on all addresses
    click.echo(f"flamenco server: listening on http://{config.host}:{port}", err=True)
    with _announced(config, port):
        serving.run()


def _announced(config: ServerConfig, port: int) -> contextlib.AbstractContextManager[None]:
    from flamenco_common.hosts import is_loopback

    # Behind a proxy on the same machine people reach it at the public address.
    if not config.mdns or (is_loopback(config.host) and not config.public_url):
        return contextlib.nullcontext()
    from flamenco_server.announcing import announced

    return announced(config.host, port, f"Flamenco on {socket.gethostname()} {port}", config.public_url)


def _offer_setup(config: ServerConfig, database: Database) -> None:
    """Say how to make the first admin, while there is no user."""
    import time

    from flamenco_server.modules.signing.setup import offer_setup, setup_file

    code = offer_setup(database, config.data_dir, time.time())
    if code:
        click.echo(
            f"flamenco server: nobody can sign in yet; the first admin is made with the setup code {code} "
            f"(it is in {setup_file(config.data_dir)} too)",
            err=True,
        )


def _stop(number: int, frame: Any) -> NoReturn:  # noqa: ARG001 - a signal handler's signature
    """Waitress finishes what it serves and returns when it sees this."""
    raise SystemExit(0)


@server.command()
@click.pass_obj
def migrate(make_config: Callable[..., ServerConfig]) -> None:
    """Bring the database to the newest schema."""
    from flamenco_server.migrating import migrate as run_migrations

    database = Database(make_config().url())
    try:
        run_migrations(database)
    finally:
        database.close()


@server.command("create-user")
@click.argument("name")
@click.option("--role", type=click.Choice([role.value for role in Role]), default=Role.ARTIST.value, show_default=True)
@click.option("--token-file", type=click.Path(path_type=Path), help="Write the token here instead, for the owner only.")
@click.pass_obj
def create_user(make_config: Callable[..., ServerConfig], name: str, role: str, token_file: Path | None) -> None:
    """Make a user, or a further token for one, and tell the token once."""
    from flamenco_server.modules.auth.service import ensure_user

    _tell(make_config(), token_file, lambda session, now: ensure_user(session, name, Role(role), "command line", now))


@server.command("create-manager")
@click.argument("name")
@click.option("--token-file", type=click.Path(path_type=Path), help="Write the token here instead, for the owner only.")
@click.pass_obj
def create_manager(make_config: Callable[..., ServerConfig], name: str, token_file: Path | None) -> None:
    """Make a manager, or a further token for one, and tell the token once."""
    from flamenco_server.modules.auth.service import ensure_manager

    _tell(make_config(), token_file, lambda session, now: ensure_manager(session, name, "command line", now))


@server.command("set-password")
@click.argument("name")
@click.option("--password-file", type=click.File(), help="Read it from the first line of a file, or of - for stdin.")
@click.pass_obj
def set_password(make_config: Callable[..., ServerConfig], name: str, password_file: Any) -> None:
    """Give a user a password, and end their sessions; it is asked for unless a file has it."""
    from sqlalchemy import select

    from flamenco_server.modules.auth.models import User
    from flamenco_server.modules.auth.passwords import LEAST_CHARACTERS, MOST_CHARACTERS, hash_password
    from flamenco_server.modules.auth.service import set_password as put_password

    password = (
        password_file.readline().rstrip("\r\n")
        if password_file is not None
        else click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    )
    if not LEAST_CHARACTERS <= len(password) <= MOST_CHARACTERS:
        raise ServerError(f"a password has {LEAST_CHARACTERS} to {MOST_CHARACTERS} characters")
    database = _opened(make_config())
    try:
        with database.writing() as session:
            user = session.scalar(select(User).where(User.name == name))
            if user is None:
                raise ServerError(f"there is no user {name!r}")
            put_password(session, user, hash_password(password), "command line")
    finally:
        database.close()
    click.echo(f"{name} has a password now.", err=True)


def _tell(config: ServerConfig, token_file: Path | None, make: Callable[[Any, float], Any]) -> None:
    """Make an owner's token and show it, or write it to a file that only its owner can read."""
    import time

    from flamenco_server.modules.auth.service import issue

    database = _opened(config)
    try:
        with database.writing() as session:
            now = time.time()
            _, token = issue(session, make(session, now), "command line", "command line", now)
            # Before the commit: a token that could not be written must not exist.
            if token_file is not None:
                _write_secret(token_file, token)
    finally:
        database.close()
    if token_file is None:
        click.echo(token)


def _write_secret(file: Path, token: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.unlink(missing_ok=True)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
            stream.write(token + "\n")
    except OSError as error:
        raise ServerError(f"the token file {file} cannot be written: {error.strerror}") from error


def _opened(config: ServerConfig) -> Database:
    """The database; SQLite is migrated at once, PostgreSQL when somebody says so."""
    from flamenco_server.migrating import check_migrated
    from flamenco_server.migrating import migrate as run_migrations

    database = Database(config.url())
    if database.is_sqlite:
        run_migrations(database)
    else:
        check_migrated(database)
    return database


server.add_command(events)
server.add_command(collect_garbage)
server.add_command(backup)


if __name__ == "__main__":
    sys.exit(server())
