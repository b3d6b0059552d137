"""`flamenco worker`: run this machine's worker."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

import click
from flamenco_common.journal import Journal, journaled

from flamenco_worker import detect
from flamenco_worker.config import WorkerConfig, load
from flamenco_worker.errors import WorkerError
from flamenco_worker.upstream import Upstream
from flamenco_worker.worker import Worker, restart_program


@click.command()
@click.option("--config", "file", type=click.Path(path_type=Path), help="TOML file with the settings below and more.")
@click.option("--manager-url", help="Address of the site's manager; found on the local network if not given.")
@click.option("--enrolment", help="The site's enrolment secret (better: a file).")
@click.option("--enrolment-file", type=click.Path(path_type=Path), help="File with the enrolment secret.")
@click.option("--name", help="Name of this worker; default: the host's name.")
@click.option("--data-dir", type=click.Path(path_type=Path), help="Where identity and outbox are kept.")
@click.option("--work-dir", type=click.Path(path_type=Path), help="Where job files and the cache are kept.")
@click.option("--blender", "blenders", multiple=True, help="A Blender to use, or bpy:FOLDER; may be repeated.")
@click.option("--find-blenders/--no-find-blenders", default=None, help="Look for installed Blenders too (default).")
@click.option("--ffmpeg", help="The ffmpeg to use; default: the one on PATH.")
@click.option("--threads", type=int, help="Threads that Blender renders with; default: all.")
def worker(file: Path | None, **flags: Any) -> None:
    """Render for a farm: ask the manager for tasks and run them."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        ending = _run(file, flags)
    except WorkerError as error:
        click.echo(f"flamenco worker: {error}", err=True)
        sys.exit(2)
    except OSError as error:
        click.echo(f"flamenco worker: {error.filename or 'a file'}: {error.strerror or error}", err=True)
        sys.exit(2)
    if ending == "restart":
        restart_program()


def _run(file: Path | None, flags: dict[str, Any]) -> str:
    config = load(file, os.environ, flags)
    with journaled(config.data_dir / "log", "the worker") as journal:
        return _work(config, journal)


def _work(config: WorkerConfig, journal: Journal) -> str:
    abilities = detect.abilities(config)
    found = ", ".join(blender.version for blender in abilities.blenders) or "none"
    address = config.manager_url
    if not address:
        from flamenco_worker.discovery import find_manager

        address = find_manager()
    logging.info(
        "worker %s of %s; Blender: %s; ffmpeg: %s", config.display_name(), address, found, abilities.ffmpeg_version
    )
    mine = Worker(config, abilities, Upstream(address), journal)
    _stop_on_signals(mine)
    return mine.run()


def _stop_on_signals(mine: Worker) -> None:
    """From a thread: the signal may come while the main thread holds the very lock that `stop` needs."""
    for name in ("SIGTERM", "SIGINT", "SIGHUP", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda *_: threading.Thread(target=mine.stop).start())
