"""What the farm offers: its job types, presets, projects, and what its workers can do; as frozen, bounded values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from flamenco_client.api import Client
from flamenco_client.errors import NotFound

from .forms import BadDescription, Field, fields_from, line, text
from .presets import SubmissionPreset, presets_from
from .signing import is_web_page

MOST_ITEMS = 1000
MOST_JOB_TYPES = 100
MOST_ABILITIES = 100  # Blenders or tags of one worker
LONGEST_NAME = 100  # as the server has it, of job types and presets
_VERSION = re.compile(r"[0-9]{1,3}(\.[0-9]{1,4}){1,2}")


@dataclass(frozen=True)
class JobType:
    """A job type; `error` says why it cannot be used, and is empty if it can."""

    name: str
    help: str = ""
    error: str = ""
    fields: tuple[Field, ...] = ()

    def field(self, name: str) -> Field | None:
        """The setting of that name."""
        return next((each for each in self.fields if each.name == name), None)


@dataclass(frozen=True)
class Preset:
    """A render-settings preset of the farm."""

    name: str
    label: str = ""
    help: str = ""


@dataclass(frozen=True)
class FarmWorker:
    """What counts of a worker before a job is sent."""

    name: str
    platform: str = ""
    blenders: tuple[str, ...] = ()  # versions like "4.5.15"
    gpu: bool = False
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Catalogue:
    """All of it."""

    user: str = ""
    role: str = ""
    version: str = ""  # of the server
    dashboard: str = ""  # its address; empty: the server did not tell a sound one
    job_types: tuple[JobType, ...] = ()
    presets: tuple[Preset, ...] = ()  # of render settings
    shared: tuple[SubmissionPreset, ...] | None = ()  # presets for submitting; None: the server keeps none
    projects: tuple[str, ...] = ()
    workers: tuple[FarmWorker, ...] = ()
    scripts_allowed: frozenset[str] = field(default_factory=frozenset)  # projects whose .blends may run scripts

    def job_type(self, name: str) -> JobType | None:
        """The job type of that name."""
        return next((each for each in self.job_types if each.name == name), None)

    @property
    def blenders(self) -> tuple[str, ...]:
        """All series of Blender that workers have, like "4.5", oldest first."""
        series = {".".join(version.split(".")[:2]) for worker in self.workers for version in worker.blenders}
        return tuple(sorted(series, key=lambda text: [int(part) for part in text.split(".")]))

    @property
    def tags(self) -> tuple[str, ...]:
        """All tags that workers have."""
        return tuple(sorted({tag for worker in self.workers for tag in worker.tags}))


def fetch_catalogue(client: Client) -> Catalogue:
    """Ask the server. Raises a `ClientError`."""
    health, me = client.health(), client.me()
    projects = list(bounded(client.projects()))
    return Catalogue(
        user=line(me.get("name")),
        role=line(me.get("role")),
        version=line(health.get("version")),
        dashboard=web_page(me.get("dashboard_url")),
        job_types=unique(job_type_from(item) for item in islice(bounded(client.job_types()), MOST_JOB_TYPES)),
        presets=unique(render_settings_from(bounded(client.render_settings()))),
        shared=fetch_shared(client),
        projects=names(item.get("name") for item in projects),
        workers=tuple(worker_from(item) for item in bounded(client.workers(enabled=True))),
        scripts_allowed=frozenset(names(item.get("name") for item in projects if item.get("allow_scripts") is True)),
    )


def web_page(value: object) -> str:
    """An address that a browser may be sent to, without a slash at its end; else nothing."""
    return value.rstrip("/") if isinstance(value, str) and is_web_page(value) else ""


def fetch_shared(client: Client) -> tuple[SubmissionPreset, ...] | None:
    """The presets for submitting that the studio shares; None if the server knows of no such thing."""
    try:
        return presets_from(bounded(client.submission_presets()))
    except NotFound:
        return None


def bounded(items: Iterable[Any]) -> Iterable[Mapping[str, Any]]:
    """The objects of a list that a server sent, not without end."""
    return (item for item in islice(items, MOST_ITEMS) if isinstance(item, Mapping))


def names(values: Iterable[object]) -> tuple[str, ...]:
    """Those values that are names, each once."""
    return tuple(dict.fromkeys(name for value in values if (name := line(value))))


def unique(items: Iterable[Any]) -> tuple[Any, ...]:
    """Those items that have a name, of several with the same name the first."""
    kept: dict[str, Any] = {}
    for item in items:
        if 0 < len(item.name) <= LONGEST_NAME:
            kept.setdefault(item.name, item)
    return tuple(kept.values())


def job_type_from(item: Mapping[str, Any]) -> JobType:
    """A job type; one that cannot be understood has an `error`."""
    name, help_, error = line(item.get("name")), text(item.get("help")), line(item.get("error"))
    if error:
        return JobType(name, help_, error)
    try:
        return JobType(name, help_, "", fields_from(item.get("settings")))
    except BadDescription as problem:
        return JobType(name, help_, line(str(problem)))


def render_settings_from(items: Iterable[Mapping[str, Any]]) -> Iterable[Preset]:
    """Those presets that can be used."""
    for item in items:
        if not item.get("error"):
            name = line(item.get("name"))
            yield Preset(name, line(item.get("label")) or name, text(item.get("help")))


def worker_from(item: Mapping[str, Any]) -> FarmWorker:
    """A worker, as far as its abilities are understood."""
    abilities = item.get("abilities")
    can: Mapping[str, Any] = abilities if isinstance(abilities, Mapping) else {}
    found = [each.get("version") for each in some(can.get("blenders")) if isinstance(each, Mapping)]
    return FarmWorker(
        name=line(item.get("name")),
        platform=line(can.get("platform")),
        blenders=tuple(version for version in names(found) if _VERSION.fullmatch(version)),
        gpu=bool(some(can.get("gpus"))),
        tags=names(some(item.get("tags"))),
    )


def some(value: object) -> list[Any]:
    """A short list that a server sent; anything else is an empty one."""
    return value[:MOST_ABILITIES] if isinstance(value, list) else []
