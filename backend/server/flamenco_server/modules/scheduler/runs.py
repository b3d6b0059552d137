"""A run while updates are applied to it: read once, changed in memory, written once for the whole batch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from flamenco_common.documents import RunUpdate
from flamenco_common.states import RunStatus, TaskStatus
from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from flamenco_server.modules.tasks.models import Run
from flamenco_server.modules.tasks.moves import JOBS, STEPS, TASKS

RUNS: Any = Run.__table__
_TAIL = 20_000  # characters of a log's tail that are kept
_MOST_MB = 2**31 - 1  # that the database can hold
_WRITTEN = (
    "status", "seq", "progress", "activity", "reason", "log_tail", "peak_memory_mb", "timings", "commands",
    "updated_at", "finished_at",
)  # fmt: skip


@dataclass
class LiveRun:
    """A run, with what of its task and step is needed to judge an update."""

    row: Any
    owns: bool  # the task is processing and this run owns it
    values: dict[str, Any] = field(default_factory=dict)

    @property
    def status(self) -> RunStatus:
        """Its status, updates of this batch included."""
        return RunStatus(self.values.get("status", self.row.status))

    @property
    def seq(self) -> int:
        """The newest update's number."""
        return int(self.values.get("seq", self.row.seq))

    @property
    def timings(self) -> list[dict[str, Any]]:
        """What each frame took so far."""
        return list(self._get("timings"))

    def seconds(self, now: float) -> float:
        """How long it worked: what its frames took, or else its whole time, fetched ahead or not."""
        if self.timings:
            return float(sum(timing["total"] for timing in self.timings))
        return max(0.0, now - float(self.row.started_at))

    def apply(self, sent: RunUpdate, now: float) -> None:
        """Take over what an update says."""
        self._set("seq", sent.seq)
        self._set("updated_at", now)
        for name in ("progress", "activity", "reason"):
            value = getattr(sent, name)
            if value not in (None, ""):
                self._set(name, value)
        if sent.log_tail:
            self._set("log_tail", sent.log_tail[-_TAIL:])
        if sent.peak_memory_mb:
            self._set("peak_memory_mb", min(max(sent.peak_memory_mb, int(self._get("peak_memory_mb"))), _MOST_MB))
        if sent.timings:
            self._set("timings", [*self._get("timings"), *msgspec.to_builtins(sent.timings)])
        if sent.commands:
            self._set("commands", sent.commands)
        if sent.status not in (None, RunStatus.PROCESSING):
            self._finish(sent.status, now)

    def _finish(self, status: RunStatus, now: float) -> None:
        self._set("status", status.value)
        self._set("finished_at", now)
        self.owns = False

    def _set(self, name: str, value: Any) -> None:
        self.values[name] = value

    def _get(self, name: str) -> Any:
        return self.values.get(name, getattr(self.row, name))

    def written(self) -> dict[str, Any]:
        """The columns to write."""
        return {"b_id": self.row.id, **{f"v_{name}": self._get(name) for name in _WRITTEN}}


# Built once: building a statement costs as much as running it.
_JOB_IDS = select(RUNS.c.job_id).where(RUNS.c.id.in_(bindparam("ids", expanding=True))).distinct()
_LOAD = (
    select(
        RUNS, TASKS.c.run_id.label("owner"), TASKS.c.status.label("task_status"), TASKS.c.failures, TASKS.c.losses,
        STEPS.c.retries, JOBS.c.storage,
    )
    .join(TASKS, TASKS.c.id == RUNS.c.task_id)
    .join(STEPS, STEPS.c.id == RUNS.c.step_id)
    .join(JOBS, JOBS.c.id == RUNS.c.job_id)
    .where(RUNS.c.id.in_(bindparam("ids", expanding=True)))
)  # fmt: skip


def jobs_of(session: Session, run_ids: Iterable[str]) -> set[int]:
    """The jobs of those runs."""
    ids = sorted(set(run_ids))
    return set(session.connection().execute(_JOB_IDS, {"ids": ids}).scalars()) if ids else set()


def load(session: Session, run_ids: Iterable[str]) -> dict[str, LiveRun]:
    """Those runs; their jobs are locked already."""
    ids = sorted(set(run_ids))
    if not ids:
        return {}
    rows = session.connection().execute(_LOAD, {"ids": ids})
    return {
        row.id: LiveRun(row, row.owner == row.id and row.task_status == TaskStatus.PROCESSING.value) for row in rows
    }


_UPDATE = update(RUNS).where(RUNS.c.id == bindparam("b_id")).values({name: bindparam(f"v_{name}") for name in _WRITTEN})


def write(session: Session, runs: Sequence[LiveRun]) -> None:
    """Write the changed runs, in the order of their ids."""
    changed = sorted((run for run in runs if run.values), key=lambda run: str(run.row.id))
    if changed:
        session.connection().execute(_UPDATE, [run.written() for run in changed])
