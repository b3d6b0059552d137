"""`flamenco fetch`: a job's results on the artist's machine."""

from __future__ import annotations

from pathlib import Path

import click
from flamenco_client.api import Client
from flamenco_client.fetch import Fetched
from flamenco_client.fetch import fetch as bring

from flamenco_cli.common import FOLDER, bars, counted, farm_verb, print_json


@click.command("fetch")
@click.argument("job_id", metavar="JOB", type=int)
@click.option("--to", "folder", type=FOLDER, help="Where to [default: a folder job-JOB here].")
@click.option("--parts", is_flag=True, help="Tiles and sample ranges too.")
@farm_verb
def fetch(client: Client, as_json: bool, job_id: int, folder: Path | None, parts: bool) -> None:
    """Bring a job's results to a folder, only what is new."""
    tell(fetch_with_bars(client, job_id, folder or Path(f"job-{job_id}"), parts, as_json), as_json)


def fetch_with_bars(client: Client, job_id: int, folder: Path, parts: bool, as_json: bool) -> Fetched:
    """Fetch, showing how far it is."""
    with bars(not as_json) as progress:
        return bring(client, job_id, folder, parts=parts, progress=progress)


def tell(done: Fetched, as_json: bool) -> None:
    """Say what came."""
    if as_json:
        new, kept = [str(path) for path in done.new], [str(path) for path in done.kept]
        print_json({"folder": str(done.folder), "new": new, "kept": kept})
        return
    if not done.new and not done.kept:
        click.echo("There is nothing to fetch.")
        return
    there = f", {len(done.kept)} {'was' if len(done.kept) == 1 else 'were'} there" if done.kept else ""
    click.echo(f"{counted(len(done.new), 'file')} fetched to {done.folder}{there}.")
