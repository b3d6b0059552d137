"""Verbs that show what is on the farm."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import click
from flamenco_client.api import Client

from flamenco_cli.common import colored, duration, escaped, farm_verb, print_json, print_table, seconds_between, when


@click.command("jobs")
@click.option("--state", help="Only those in this state (several with commas).")
@click.option("--project", help="Only those of this project.")
@click.option("--type", "type_", help="Only those of this job type.")
@click.option("--archived", is_flag=True, help="The archived ones.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1), help="At most so many, newest first.")
@farm_verb
def jobs(client: Client, as_json: bool, type_: str | None, limit: int, archived: bool, **filters: str | None) -> None:
    """List jobs, newest first."""
    found = list(client.jobs(limit=limit, sort="-created", type=type_, archived=archived, **filters))
    if as_json:
        print_json(found)
        return
    columns = (">Job", "~Name", "Type", "State", ">Done", ">Failed", ">Priority", "Owner", "Made")
    print_table(columns, (_job_row(item) for item in found), "There are no jobs.")


def _job_row(item: dict[str, Any]) -> Sequence[str]:
    counts = item["counts"]
    return (
        str(item["id"]), escaped(item["name"]), escaped(item["type"]), colored(item["state"]),
        f"{counts['completed']}/{item['total']}", str(counts["failed"] or "–"), str(item["priority"]),
        escaped(item["owner"]), when(item["created_at"]),
    )  # fmt: skip


@click.command("job")
@click.argument("job_id", metavar="JOB", type=int)
@farm_verb
def job(client: Client, as_json: bool, job_id: int) -> None:
    """Show one job with its steps."""
    found = client.job(job_id)
    steps = list(client.steps(job_id))
    if as_json:
        print_json({**found, "steps": steps})
        return
    print_table(("", "~"), _job_lines(found), "")
    click.echo()
    columns = ("Step", ">Done", ">Failed", "~After", ">A task")
    print_table(columns, (_step_row(step) for step in steps), "It has no steps.")


def _job_lines(found: dict[str, Any]) -> Iterator[Sequence[str]]:
    counts = found["counts"]
    yield "Job", f"{found['id']}  {escaped(found['name'])}"
    yield "Type", escaped(found["type"])
    yield "State", colored(found["state"]) + (" (archived)" if found["archived"] else "")
    yield "Tasks", f"{counts['completed']} of {found['total']} done, {counts['failed']} failed"
    yield "Made", f"{when(found['created_at'])} by {escaped(found['owner'])}"
    if found["finished_at"]:
        yield "Took", duration(seconds_between(found["started_at"] or found["created_at"], found["finished_at"]))
    else:
        yield "Left", duration(found.get("eta_seconds"))
    yield "Priority", str(found["priority"])
    yield "Blender", escaped(found.get("blender") or "any")
    if found["preset"]:
        yield "Preset", escaped(found["preset"])
    for name, value in found.get("settings", {}).items():
        yield f"  {escaped(name)}", escaped(value)
    if found.get("waiting_because"):
        yield "Waits", escaped(found["waiting_because"])
    for failure in found.get("failures", []):
        yield "Failed", escaped(f"{failure['reason']} ({failure['count']} times)")


def _step_row(step: dict[str, Any]) -> Sequence[str]:
    counts = step["counts"]
    return (
        escaped(step["name"]), f"{counts['completed']}/{step['total']}", str(counts["failed"] or "–"),
        escaped(", ".join(step["after"]) or "–"), duration(step.get("mean_seconds")),
    )  # fmt: skip


@click.command("tasks")
@click.argument("job_id", metavar="JOB", type=int)
@click.option("--status", help="Only those in this status.")
@farm_verb
def tasks(client: Client, as_json: bool, job_id: int, status: str | None) -> None:
    """List the tasks of a job."""
    found = list(client.tasks(job_id, status=status))
    if as_json:
        print_json(found)
        return
    columns = (">Task", "Step", "~What", "Status", "Worker", "~Why")
    print_table(columns, (_task_row(item) for item in found), "It has no such tasks.")


def _what(params: dict[str, Any]) -> str:
    """What a task is about: its frames, its part of a picture, or its parameters."""
    if "frames" in params:
        return str(params["frames"])
    words = []
    for name, value in params.items():
        if name == "tile":
            words.append("pixels {x0}-{x1} x {y0}-{y1}".format(**value))
        elif name == "samples":
            words.append(f"samples {value['offset']}-{value['offset'] + value['count']}")
        else:
            words.append(f"{name} {value}")
    return ", ".join(words)


def _task_row(item: dict[str, Any]) -> Sequence[str]:
    return (
        str(item["id"]), escaped(item.get("step", "")), escaped(_what(item.get("params") or {})), colored(item.get("status", "")),
        escaped(item.get("worker") or "–"), escaped(item.get("reason") or ""),
    )  # fmt: skip


@click.command("workers")
@click.option("--state", help="Only those in this state.")
@farm_verb
def workers(client: Client, as_json: bool, state: str | None) -> None:
    """List the workers."""
    found = list(client.workers(state=state))
    if as_json:
        print_json(found)
        return
    columns = ("Worker", "Name", "State", ">Cores", ">Memory", "~Blenders", "~Tasks")
    print_table(columns, (_worker_row(item) for item in found), "There are no workers.")


def _worker_row(item: dict[str, Any]) -> Sequence[str]:
    able = item.get("abilities", {})
    blenders = ", ".join(entry["version"] for entry in able.get("blenders", []))
    return (
        escaped(item["id"]), escaped(item["name"]),
        colored(item["state"]) + ("" if item["enabled"] else " (disabled)"),
        str(able.get("cores", "–")), f"{able.get('memory_mb', 0) / 1024:.0f} GB", escaped(blenders or "none"),
        escaped(", ".join(str(task) for task in item.get("tasks", [])) or "–"),
    )  # fmt: skip


@click.command("managers")
@farm_verb
def managers(client: Client, as_json: bool) -> None:
    """List the managers."""
    found = list(client.managers())
    if as_json:
        print_json(found)
        return
    rows = (
        (str(item["id"]), escaped(item["name"]), str(item["workers"]), when(item["last_seen_at"])) for item in found
    )
    print_table((">Manager", "~Name", ">Workers", "Heard of"), rows, "There are no managers.")


@click.command("job-types")
@click.argument("name", required=False)
@farm_verb
def job_types(client: Client, as_json: bool, name: str | None) -> None:
    """List the job types, or the settings of one."""
    found = [client.job_type(name)] if name else list(client.job_types())
    if as_json:
        print_json(found)
        return
    if name:
        click.echo(found[0]["help"])
        columns = ("Setting", "Type", "~Default", "~What it is")
        print_table(columns, (_setting_row(entry) for entry in found[0]["settings"]), "It has no settings.")
        return
    rows = ((escaped(item["name"]), escaped(item["error"] or item["help"].split("\n")[0])) for item in found)
    print_table(("Type", "~What it does"), rows, "There are no job types.")


def _setting_row(entry: dict[str, Any]) -> Sequence[str]:
    default = f"from the scene: {entry['source']}" if entry.get("source") else _default(entry.get("default"))
    limits = f" ({', '.join(entry['choices'])})" if entry.get("choices") else ""
    return escaped(entry["name"]), escaped(entry["type"]), escaped(default), escaped(entry["help"] + limits)


def _default(value: Any) -> str:
    """A default as `--set` takes it."""
    if isinstance(value, list):
        return ",".join(map(str, value)) or "–"
    return str(value).lower() if isinstance(value, bool) else str("–" if value in (None, "") else value)
