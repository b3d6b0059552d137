"""Help for tests that start real processes: free ports, conditions with a deadline, and a private PostgreSQL."""

from __future__ import annotations

import atexit
import contextlib
import functools
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

Found = TypeVar("Found")


def free_port() -> int:
    """A port on loopback that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(condition: Callable[[], Found], seconds: float, what: str, every: float = 0.05) -> Found:
    """Poll `condition` until it is true; fail naming `what` after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds:g} s: {what}")
        time.sleep(every)


def _postgres_tool(name: str) -> str:
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)
    if found:
        return str(found[0])
    on_path = shutil.which(name)
    assert on_path, f"PostgreSQL's {name} is not on this machine; `make test` installs it"
    return on_path


def _as_postgres(*command: str) -> list[str]:
    """PostgreSQL refuses to run as root; Debian's package brings the user for it."""
    return ["runuser", "-u", "postgres", "--", *command] if os.geteuid() == 0 else list(command)


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """A PostgreSQL of our own in a temporary folder; gives the URL of its maintenance database."""
    folder = Path(tempfile.mkdtemp(prefix="flamenco-pg-"))
    port = free_port()
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    data = str(folder / "data")
    run = {"check": True, "stdout": subprocess.DEVNULL, "cwd": str(folder)}
    initdb = (_postgres_tool("initdb"), "-D", data, "-A", "trust", "-U", "farm", "--no-sync")
    subprocess.run(_as_postgres(*initdb), **run)  # type: ignore[call-overload]
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='{folder}' -c fsync=off"
    control = (_postgres_tool("pg_ctl"), "-D", data, "-w", "-l", str(folder / "log"))
    subprocess.run(_as_postgres(*control, "-o", options, "start"), **run)  # type: ignore[call-overload]
    try:
        yield f"postgresql://farm@127.0.0.1:{port}/postgres"
    finally:
        subprocess.run(_as_postgres(*control, "-m", "immediate", "stop"), **run)  # type: ignore[call-overload]
        shutil.rmtree(folder, ignore_errors=True)


@functools.cache
def shared_postgres() -> str:
    """The PostgreSQL that all tests of this process share, begun when the first asks and ended with the process."""
    stack = contextlib.ExitStack()
    url = stack.enter_context(postgres())
    owner = os.getpid()
    atexit.register(lambda: stack.close() if os.getpid() == owner else None)
    return url


def new_database(maintenance_url: str, name: str, template: str = "template1") -> str:
    """Create a database on that PostgreSQL, empty or as a copy of another one; return its URL."""
    import psycopg

    with psycopg.connect(maintenance_url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    return maintenance_url.rsplit("/", 1)[0] + "/" + name
