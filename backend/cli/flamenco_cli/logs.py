"""`flamenco logs`: what a job's runs wrote."""

from __future__ import annotations

import time
from typing import Any

import click
from flamenco_client.api import Client

from flamenco_cli.common import farm_verb, print_json

PAUSE = 1.0
ENDED = ("completed", "failed", "canceled")
PATIENCE = 15  # questions for a piece that the manager has not sent, before we say so


@click.command("logs")
@click.argument("job_id", metavar="JOB", type=int)
@click.option("-f", "--follow", is_flag=True, help="Go on until the job is finished.")
@click.option("--task", type=int, help="Only the runs of this task.")
@click.option("--run", "run_id", help="Only this run.")
@farm_verb
def logs(client: Client, as_json: bool, job_id: int, follow: bool, task: int | None, run_id: str | None) -> None:
    """Read the logs of a job's runs, oldest first."""
    seen: set[str] = set()
    texts: list[dict[str, Any]] = []
    while True:
        over = client.job(job_id)["state"] in ENDED
        fresh = [run for run in _runs(client, job_id, task, run_id) if run["id"] not in seen]
        for run in fresh:
            seen.add(run["id"])
            if not as_json:
                click.secho(f"── run {run['id']}, task {run.get('task', '?')}", bold=True)
            text = _one(client, run["id"], follow, quiet=as_json)
            texts.append({"run": run["id"], "text": text})
        if not follow or (over and not fresh):
            break
        time.sleep(PAUSE)
    if run_id is not None and not seen:
        raise click.ClickException(f"job {job_id} has no run {run_id}")
    if not seen and not as_json:
        click.echo("There are no runs.")
    if as_json:
        print_json(texts)


def _runs(client: Client, job_id: int, task: int | None, run_id: str | None) -> list[dict[str, Any]]:
    found = [
        run
        for run in client.runs(job_id)
        if (task is None or run.get("task") == task) and (run_id is None or run["id"] == run_id)
    ]
    return sorted(found, key=lambda run: str(run.get("started_at") or run.get("created_at") or ""))


def _one(client: Client, run_id: str, follow: bool, quiet: bool) -> str:
    """Print one run's log as it comes; what was printed."""
    text, offset, idle = "", 0, 0
    while True:
        piece = client.run_log(run_id, offset)
        if piece["text"]:
            text += piece["text"]
            if not quiet:
                click.echo(piece["text"], nl=False)
        moved = piece["next"] > offset
        offset = piece["next"]
        idle = 0 if moved else idle + 1
        if piece["finished"]:
            return text
        waits = not piece["available"] or offset < piece["size"]
        if not follow and not moved and (not waits or idle >= PATIENCE):
            if waits and not quiet:
                click.echo("(the manager has not sent more of this log yet)", err=True)
            return text
        if not moved:
            time.sleep(PAUSE)
