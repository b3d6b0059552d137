"""The verb `flamenco up`."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import click
import platformdirs

from flamenco_cli.up.farm import AllInOne, Wishes


def usual_folder() -> Path:
    """Where the farm's files are if nothing else is said."""
    return Path(platformdirs.user_data_dir("flamenco", appauthor=False)) / "up"


@click.command("up")
@click.option("--data-dir", type=click.Path(path_type=Path), help="Folder of the farm's files [default: yours].")
@click.option("--port", default=8080, show_default=True, help="Port of the server; 0: any free one.")
@click.option("--manager-port", default=8081, show_default=True, help="Port of the manager.")
@click.option("--events-port", default=8082, show_default=True, help="Port of the event stream.")
@click.option("--dashboard-port", default=8083, show_default=True, help="Port of the dashboard.")
@click.option("--workers", default=1, show_default=True, type=click.IntRange(0, 64), help="Workers on this machine.")
@click.option("--blender", "blenders", multiple=True, help="A Blender to use, or bpy:FOLDER; may be repeated.")
@click.option("--find-blenders/--no-find-blenders", default=True, help="Look for installed Blenders too (default).")
@click.option("--ffmpeg", default="", help="The ffmpeg to use [default: the one on PATH].")
@click.option("--remember/--no-remember", default=True, help="Let `flamenco submit` on this machine find this farm.")
def up(data_dir: Path | None, **wishes: Any) -> None:
    """Run the whole farm on this machine, on loopback only, until Ctrl-C."""
    folder = (data_dir or usual_folder()).absolute()
    farm = AllInOne(Wishes(data_dir=folder, **wishes), lambda text: click.echo(f"flamenco up: {text}", err=True))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: farm.stop())
    farm.run()
