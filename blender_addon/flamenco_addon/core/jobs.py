"""My jobs as values: what a server says of them, bounded, or left out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .forms import number, text
from .words import duration

MOST_FAILURES = 5

ACTIVE = ("queued", "processing")
STATES = (*ACTIVE, "paused", "completed", "failed", "canceled")


@dataclass(frozen=True)
class FollowedJob:
    """A job in the list."""

    id: int
    name: str
    type: str = ""
    state: str = ""
    progress: float = 0.0
    total: int = 0
    completed: int = 0
    failed: int = 0
    finished: str = ""
    thumbnail: str = ""  # hash of a small JPEG, or empty

    @property
    def is_active(self) -> bool:
        """Whether it may change by itself."""
        return self.state in ACTIVE

    @property
    def is_open(self) -> bool:
        """Whether it can still be canceled."""
        return self.state in (*ACTIVE, "paused")


@dataclass(frozen=True)
class Detail:
    """What a job's own answer says beyond the list."""

    progress: float = 0.0
    eta_seconds: float | None = None
    workers: int = 0
    waiting_because: str = ""
    failures: tuple[tuple[str, int], ...] = ()
    blend: str = ""
    scene: str = ""
    storage: str = ""
    output_root: str = ""

    @property
    def eta(self) -> str:
        """The time that is left, for people."""
        return "" if self.eta_seconds is None else f"{duration(self.eta_seconds)} left"


def jobs_from(items: Iterable[Any]) -> Iterable[FollowedJob]:
    """Those that can be understood."""
    for item in items:
        if isinstance(item, Mapping) and type(item.get("id")) is int and item["id"] > 0:
            yield job_from(item)


def job_from(item: Mapping[str, Any]) -> FollowedJob:
    """A job of the list."""
    found = item.get("counts")
    counts: Mapping[str, Any] = found if isinstance(found, Mapping) else {}
    thumbnail, state = text(item.get("thumbnail")), text(item.get("state"))
    return FollowedJob(
        id=item["id"],
        name=text(item.get("name")),
        type=text(item.get("type")),
        state=state if state in STATES else "unknown",
        progress=fraction(item.get("progress")),
        total=count(item.get("total")),
        completed=count(counts.get("completed")),
        failed=count(counts.get("failed")),
        finished=text(item.get("finished_at")),
        thumbnail=thumbnail if is_sha256(thumbnail) else "",
    )


DETAILS = (
    "progress", "eta_seconds", "workers", "waiting_because", "failures", "blend", "storage", "output_root",
)  # fmt: skip


def detail_document(item: Mapping[str, Any]) -> dict[str, Any]:
    """What counts of a job's own answer."""
    scene = item.get("scene")
    named = scene.get("scene") if isinstance(scene, Mapping) else ""
    return {**{name: item.get(name) for name in DETAILS}, "scene": {"scene": named}}


def detail_from(item: object) -> Detail:
    """What a job's own answer says."""
    if not isinstance(item, Mapping):
        return Detail()
    eta, scene, reasons = number(item.get("eta_seconds")), item.get("scene"), item.get("failures")
    listed = [each for each in reasons if isinstance(each, Mapping)] if isinstance(reasons, list) else []
    return Detail(
        progress=fraction(item.get("progress")),
        eta_seconds=eta if eta is not None and eta >= 0 else None,
        workers=count(item.get("workers")),
        waiting_because=text(item.get("waiting_because")),
        failures=tuple((text(each.get("reason")), count(each.get("count"))) for each in listed[:MOST_FAILURES]),
        blend=text(item.get("blend")),
        scene=text(scene.get("scene")) if isinstance(scene, Mapping) else "",
        storage=text(item.get("storage")),
        output_root=text(item.get("output_root")),
    )


def fraction(value: object) -> float:
    """A number from 0 to 1."""
    found = number(value)
    return min(1.0, max(0.0, found)) if found is not None and found == found else 0.0


def count(value: object) -> int:
    """A whole number that is not negative."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31 else 0


def is_sha256(value: str) -> bool:
    """Whether it is one, and so can be a file's name."""
    return len(value) == 64 and set(value) <= set("0123456789abcdef")
