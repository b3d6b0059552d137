"""What the verbs share: the options that name the farm, JSON for scripts, tables and bars for people."""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, TypeVar

import click
from flamenco_client.api import Client
from flamenco_client.progress import Progress
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, TextColumn, TransferSpeedColumn
from rich.progress import Progress as Bars
from rich.table import Table

from flamenco_cli import settings

FOLDER = click.Path(file_okay=False, path_type=Path)
PRIORITY = click.IntRange(0, 1000)
Verb = TypeVar("Verb", bound=Callable[..., Any])

COLORS = {
    "completed": "green", "processing": "cyan", "failed": "red", "canceled": "dim", "paused": "yellow",
    "awake": "green", "error": "red", "offline": "dim", "asleep": "yellow",
}  # fmt: skip
_WIDEST = 10_000  # characters
YES_NO = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
WORDS = {"hash": "Reading", "upload": "Sending", "fetch": "Fetching"}


def farm_verb(verb: Verb) -> Verb:
    """Give a verb `--server`, `--token` and `--json`; it gets `client` and `as_json`."""

    @click.option("--server", "address", metavar="URL", help="The farm's server [env: FLAMENCO_SERVER].")
    @click.option("--token", help="Your token [env: FLAMENCO_TOKEN].")
    @click.option("--json", "as_json", is_flag=True, help="Answer with JSON, for scripts.")
    @functools.wraps(verb)
    def wrapped(*args: Any, address: str | None, token: str | None, as_json: bool, **kwargs: Any) -> Any:
        farm = settings.find(address, token, os.environ)
        return verb(*args, client=Client(farm.address, farm.token), as_json=as_json, **kwargs)

    return wrapped  # type: ignore[return-value]


def print_json(document: Any) -> None:
    """One JSON document on stdout."""
    click.echo(json.dumps(document, indent=2, default=str))


def console(stderr: bool = False) -> Console:
    """Where people read; made late, so that it sees the stdout of the moment."""
    return Console(stderr=stderr, highlight=False, soft_wrap=True)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]], nothing: str) -> None:
    """A table for people; the sentence `nothing` if it would be empty.

    `>` before a column's name puts it to the right; `~` marks the columns that are folded where the terminal is narrow.
    """
    listed = list(rows)
    if not listed:
        click.echo(nothing)
        return
    table = Table(box=None, pad_edge=False, header_style="bold", show_header=any(name.strip(">~") for name in columns))
    for column in columns:
        justify: Literal["left", "right"] = "right" if column.startswith(">") else "left"
        table.add_column(column.lstrip(">~"), justify=justify, overflow="fold", no_wrap=not column.startswith("~"))
    for row in listed:
        table.add_row(*row)
    screen = Console(highlight=False)
    # A program that reads the table, such as grep, wants a line a row.
    if not screen.is_terminal:
        screen.width = _WIDEST
    screen.print(table)


def escaped(text: Any) -> str:
    """Text from elsewhere, which must not be read as markup."""
    from rich.markup import escape

    return escape(str(text))


def colored(state: str) -> str:
    """A state's name in its color."""
    color = COLORS.get(state)
    return f"[{color}]{state}[/{color}]" if color else state


def counted(number: int, noun: str) -> str:
    """A number of things: 1 task, 2 tasks."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def duration(seconds: float | None) -> str:
    """Seconds as people say them."""
    if seconds is None:
        return "–"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))  # Python 3.10 does not read the Z


def when(moment: str | None) -> str:
    """A time of the API in this machine's zone."""
    if not moment:
        return "–"
    return _moment(moment).astimezone().strftime("%Y-%m-%d %H:%M")


def seconds_between(one: str, other: str) -> float:
    """Seconds from one time of the API to another."""
    return (_moment(other) - _moment(one)).total_seconds()


@contextmanager
def bars(show: bool) -> Iterator[Progress]:
    """Progress bars on stderr, one for each kind of work; none for scripts and files."""
    screen = console(stderr=True)
    if not show or not screen.is_terminal:
        yield Progress()
        return
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Bars(*columns, console=screen, transient=True) as display:
        known: dict[str, Any] = {}

        def report(what: str, done: int, total: int) -> None:
            if what not in known:
                known[what] = display.add_task(WORDS.get(what, what), total=total)
            display.update(known[what], completed=done, total=total)

        yield Progress(report)


def texts(given: Iterable[str], option: str) -> dict[str, str]:
    """Values written as KEY=VALUE, as they are written."""
    found: dict[str, str] = {}
    for entry in given:
        key, sign, value = entry.partition("=")
        if not sign or not key.strip():
            raise click.UsageError(f"{option} {entry!r} must be written as KEY=VALUE")
        found[key.strip()] = value
    return found


def pairs(given: Iterable[str], option: str, textual: Container[str] = ()) -> dict[str, Any]:
    """Values written as KEY=VALUE; one that reads as JSON is that, else text. Those named in `textual` are text."""
    written = texts(given, option)
    return {key: text if key in textual else value_of(text) for key, text in written.items()}


def value_of(text: str) -> Any:
    """A number, yes or no, a list in JSON, or text."""
    if text.strip().lower() in YES_NO:
        return YES_NO[text.strip().lower()]
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if not isinstance(value, dict) and value is not None else text
