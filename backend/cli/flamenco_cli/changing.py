"""Verbs that change jobs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click
from flamenco_client.api import Client
from flamenco_client.errors import ClientError

from flamenco_cli.common import PRIORITY, farm_verb, print_json

JOBS = click.argument("job_ids", metavar="JOB…", type=int, nargs=-1, required=True)


def _each(job_ids: tuple[int, ...], act: Callable[[int], Any], said: str, as_json: bool) -> int:
    """Do it to each job; one that refuses does not keep the others from it. The exit code."""
    answers: list[Any] = []
    failed = False
    for job_id in job_ids:
        try:
            answers.append(act(job_id))
        except ClientError as error:
            failed = True
            click.echo(f"flamenco: {error}", err=True)
            continue
        if not as_json:
            click.echo(f"Job {job_id} {said}.")
    if as_json:
        print_json(answers)
    return 2 if failed else 0


@click.command("cancel")
@JOBS
@farm_verb
def cancel(client: Client, as_json: bool, job_ids: tuple[int, ...]) -> int:
    """Cancel jobs; what they made so far stays."""
    return _each(job_ids, client.cancel, "is canceled", as_json)


@click.command("pause")
@JOBS
@farm_verb
def pause(client: Client, as_json: bool, job_ids: tuple[int, ...]) -> int:
    """Give out no more tasks of these jobs."""
    return _each(job_ids, client.pause, "is paused", as_json)


@click.command("resume")
@JOBS
@farm_verb
def resume(client: Client, as_json: bool, job_ids: tuple[int, ...]) -> int:
    """Give out tasks of these jobs again."""
    return _each(job_ids, client.resume, "goes on", as_json)


@click.command("archive")
@JOBS
@click.option("--undo", is_flag=True, help="Bring them back.")
@farm_verb
def archive(client: Client, as_json: bool, job_ids: tuple[int, ...], undo: bool) -> int:
    """Put finished jobs out of the way."""
    said = "is back" if undo else "is archived"
    return _each(job_ids, lambda job_id: client.change_job(job_id, archived=not undo), said, as_json)


@click.command("delete")
@JOBS
@click.option("--yes", is_flag=True, help="Do not ask.")
@farm_verb
def delete(client: Client, as_json: bool, job_ids: tuple[int, ...], yes: bool) -> int:
    """Delete jobs with their files."""
    if not yes:
        named = ", ".join(str(job_id) for job_id in job_ids)
        click.confirm(f"Delete {named} with all that was made?", abort=True, err=True)
    return _each(job_ids, client.delete, "is deleted", as_json)


@click.command("priority")
@click.argument("job_id", metavar="JOB", type=int)
@click.argument("value", metavar="PRIORITY", type=PRIORITY)
@farm_verb
def priority(client: Client, as_json: bool, job_id: int, value: int) -> int:
    """Change a job's priority; higher comes first, 50 is usual."""
    return _each((job_id,), lambda each: client.change_job(each, priority=value), f"has priority {value}", as_json)


@click.command("requeue")
@click.argument("job_id", metavar="JOB", type=int)
@click.option("--failed", is_flag=True, help="The failed tasks.")
@click.option("--frames", default="", help="The tasks of these frames, like 1-10,20.")
@click.option("--task", "tasks", type=int, multiple=True, help="This task (may be given several times).")
@farm_verb
def requeue(client: Client, as_json: bool, job_id: int, failed: bool, frames: str, tasks: tuple[int, ...]) -> int:
    """Do tasks of a job again: all of them, unless told which."""
    if sum((failed, bool(frames), bool(tasks))) > 1:
        raise click.UsageError("give one of --failed, --frames and --task")
    return _each(
        (job_id,), lambda each: client.requeue(each, tasks=tasks, frames=frames, failed=failed), "is queued", as_json
    )
