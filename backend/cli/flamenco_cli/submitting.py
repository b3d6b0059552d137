"""`flamenco submit`: a .blend or pictures into the farm, and with --wait until it is done."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click
from flamenco_client.api import Client
from flamenco_client.errors import NotFound, Unreachable
from flamenco_client.pictures import is_pictures
from flamenco_client.submit import Submission
from flamenco_client.submit import submit as send
from rich.progress import BarColumn, TextColumn
from rich.progress import Progress as Bars

from flamenco_cli.common import (
    FOLDER,
    PRIORITY,
    bars,
    console,
    counted,
    duration,
    escaped,
    farm_verb,
    pairs,
    print_json,
)
from flamenco_cli.fetching import fetch_with_bars, tell

POLL = 0.7
TELL_SECONDS = 15.0  # where no bar can be drawn, such as in a log, a line says so often how far the job is
ENDED = ("completed", "failed", "canceled")
# Render settings whose value is text, though it may look like a number, as a color depth does.
TEXT_OVERRIDES = ("engine", "device", "format", "color_depth", "color_mode", "exr_codec")
AWAY_SECONDS = 300.0  # the server may be away for so long while we wait


@click.command("submit")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--type", "type_", default="", help="See `flamenco job-types` [default: render; video for pictures].")
@click.option("--frames", help="Frames, like 1-100 or 1,5,9-20 or 1-9x2 [default: the scene's].")
@click.option("--set", "sets", multiple=True, metavar="KEY=VALUE", help="A setting of the job type.")
@click.option("--file", "files", type=click.Path(path_type=Path), multiple=True, help="One more file to send along.")
@click.option("--name", default="", help="The job's name [default: the file's].")
@click.option("--project", default="", help="The project on the farm.")
@click.option("--priority", default=50, show_default=True, type=PRIORITY, help="Higher comes first.")
@click.option("--blender", default="", help='Wanted version, "4.5" or ">=4.2" [default: at least the file\'s].')
@click.option("--preset", default="", help="Render settings to apply.")
@click.option("--override", "overrides", multiple=True, metavar="KEY=VALUE", help="A render setting to apply.")
@click.option(
    "--max-workers", default=0, type=click.IntRange(0), help="At most so many workers at once [default: any number]."
)
@click.option("--tag", "tags", multiple=True, help="Only workers with this tag.")
@click.option("--comment", default="", help="A note for people.")
@click.option("--root", type=click.Path(path_type=Path), help="The project's folder [default: found by .git and such].")
@click.option("--paused", is_flag=True, help="Do not begin yet.")
@click.option("--allow-missing", is_flag=True, help="Missing textures, libraries and other files are fine.")
@click.option("--shared", is_flag=True, help="Workers see this file on shared storage: upload nothing.")
@click.option("--output", type=click.Path(path_type=Path), help="With --shared: the folder for what is made.")
@click.option("--wait", is_flag=True, help="Wait until it is done; exit code 1 if it failed.")
@click.option("--to", "folder", type=FOLDER, help="Wait, then fetch the results to this folder.")
@farm_verb
def submit(
    client: Client, as_json: bool, file: Path, frames: str | None, sets: tuple[str, ...], wait: bool,
    folder: Path | None, **given: Any,
) -> int:  # fmt: skip
    """Submit a .blend with all that it uses, or pictures: a folder, one of a sequence, or like 'shot/####.png'."""
    given["type_"] = given["type_"] or ("video" if is_pictures(file) else "render")
    submission = submission_of(settings_of(client, given["type_"], sets), frames, given)
    with bars(not as_json) as progress:
        job = send(client, file, submission, progress)
    waits = wait or folder is not None
    if not as_json:
        click.echo(f"Job {job['id']} is submitted: {job['name']}, {counted(job['total'], 'task')}.")
    if waits:
        job = wait_or_leave(client, job["id"], show=not as_json)
    if as_json:
        print_json(job)
    elif waits:
        say_end(job)
    if folder is not None and job["state"] == "completed":
        done = fetch_with_bars(client, job["id"], folder, False, as_json)
        if not as_json:
            tell(done, False)
    return 1 if waits and job["state"] != "completed" else 0


def settings_of(client: Client, type_: str, sets: tuple[str, ...]) -> dict[str, Any]:
    """The settings that `--set` gives: 5 is a number, or text where the job type wants text."""
    settings = pairs(sets, "--set")
    if all(isinstance(value, str) for value in settings.values()):
        return settings
    try:
        declared = client.job_type(type_)["settings"]
    except NotFound:  # the submission says so, with the names of those that there are
        return settings
    lists = {name for name, value in settings.items() if isinstance(value, list)}
    textual = {each["name"] for each in declared if each["type"] in ("str", "frames", "list")} - lists
    return pairs(sets, "--set", textual)


def submission_of(settings: dict[str, Any], frames: str | None, given: dict[str, Any]) -> Submission:
    """What the options ask for."""
    if frames is not None:
        settings["frames"] = frames
    if given["output"] is not None and not given["shared"]:
        raise click.UsageError("--output goes with --shared only; --to fetches the results")
    return Submission(
        type=given["type_"],
        settings=settings,
        overrides=pairs(given["overrides"], "--override", TEXT_OVERRIDES),
        output_root=given["output"],
        tags=tuple(given["tags"]),
        files=tuple(given["files"]),
        **{
            name: given[name]
            for name in (
                "name", "project", "priority", "blender", "preset", "max_workers", "comment", "root", "paused",
                "allow_missing", "shared",
            )
        },
    )  # fmt: skip


def wait_or_leave(client: Client, job_id: int, show: bool) -> dict[str, Any]:
    """Wait; whoever interrupts that is told that the job goes on."""
    try:
        return wait_for(client, job_id, show)
    except KeyboardInterrupt:
        click.echo(f"Job {job_id} goes on; `flamenco cancel {job_id}` stops it.", err=True)
        raise click.exceptions.Exit(130) from None


def wait_for(client: Client, job_id: int, show: bool) -> dict[str, Any]:
    """Follow a job until it ends; the job as it is then."""
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[text]}"))
    screen = console(stderr=True)
    with Bars(*columns, console=screen, transient=True, disable=not (show and screen.is_terminal)) as display:
        shown = display.add_task(f"Job {job_id}", total=1.0, text="")
        heard = told = time.monotonic()
        while True:
            try:
                job = client.job(job_id)
                heard = time.monotonic()
            except Unreachable:
                if time.monotonic() - heard > AWAY_SECONDS:
                    raise
                display.update(shown, text="the server is away; it waits")
            else:
                display.update(shown, completed=job["progress"], text=escaped(status_text(job)))
                if job["state"] in ENDED:
                    return job
                if show and not screen.is_terminal and heard - told > TELL_SECONDS:
                    told = heard
                    click.echo(f"Job {job_id}: {status_text(job)}", err=True)
            time.sleep(POLL)


def status_text(job: dict[str, Any]) -> str:
    """One line on how far a job is."""
    counts = job["counts"]
    text = f"{counts['completed']}/{job['total']} tasks"
    if counts["failed"]:
        text += f", {counts['failed']} failed"
    if round(job.get("eta_seconds") or 0):
        text += f", {duration(job['eta_seconds'])} left"
    if job.get("waiting_because"):
        text += f", {job['waiting_because']}"
    return text


def say_end(job: dict[str, Any]) -> None:
    """Say how a job ended, and why if it failed."""
    counts = job["counts"]
    click.echo(f"Job {job['id']} is {job['state']}: {counts['completed']} of {counted(job['total'], 'task')} done.")
    for failure in job.get("failures", []):
        click.echo(f"  {failure['count']} failed: {failure['reason']}", err=True)
