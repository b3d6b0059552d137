"""Outputs that runs report: one row a path of a job, whichever run made it last; and the job's newest thumbnail."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flamenco_common.documents import OutputFile
from flamenco_common.paths import BadPath, check_relative
from sqlalchemy import Table, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from flamenco_server.modules.log.service import Event, emit
from flamenco_server.modules.scheduler.runs import LiveRun
from flamenco_server.modules.tasks.models import EarlierOutput, Output
from flamenco_server.modules.tasks.moves import JOBS

OUTPUTS: Table = Output.__table__  # type: ignore[assignment]
Missing = Callable[[Session, list[str]], list[str]]
_KEY = ("job_id", "root", "path")
_EARLIER = ("run_id", "sha256", "size", "width", "height", "thumbnail", "created_at")
_LENGTHS = {"path": 4000, "sha256": 64, "kind": 12, "layer": 200, "thumbnail": 64}
_MOST = 2**31 - 1
_RANGES = {"frame": (-_MOST, _MOST), "width": (0, _MOST), "height": (0, _MOST), "size": (0, 2**63 - 1)}


def bad_output(outputs: Sequence[OutputFile]) -> str:
    """Why one of these cannot be recorded, or an empty text."""
    for output in outputs:
        try:
            check_relative(output.path)
        except BadPath as error:
            return str(error)
        if output.root not in ("job", "output"):
            return f"there is no root {output.root!r}: it is job or output"
        bad = _bad_field(output)
        if bad:
            return f"the output {output.path!r} cannot be recorded: its {bad}"
    return ""


def _bad_field(output: OutputFile) -> str:
    """What of it the database cannot hold, in words."""
    for name, most in _LENGTHS.items():
        if len(getattr(output, name)) > most:
            return f"{name} has more than {most} characters"
    for name, (least, most) in _RANGES.items():
        value = getattr(output, name)
        if value is not None and not least <= value <= most:
            return f"{name} is {value}"
    return ""


def missing_files(session: Session, missing: Missing, run: LiveRun, outputs: Sequence[OutputFile]) -> list[str]:
    """Hashes that the farm lacks; thumbnails always travel, files only without shared storage."""
    hashes = {output.thumbnail for output in outputs}
    if run.row.storage == "uploaded":
        hashes |= {output.sha256 for output in outputs}
    hashes.discard("")
    return missing(session, sorted(hashes)) if hashes else []


def record(session: Session, is_sqlite: bool, made: Sequence[tuple[LiveRun, OutputFile]], now: float) -> None:
    """Write the outputs of a batch; the last one of a path counts."""
    rows = {(run.row.job_id, file.root, file.path): _row(run, file, now) for run, file in made}
    if not rows:
        return
    again = {run.row.id for run, _ in made if run.row.attempt > 1}
    _keep_earlier(session, [row for row in rows.values() if row["run_id"] in again])
    ordered = [rows[key] for key in sorted(rows)]
    upsert: Any = sqlite.insert(OUTPUTS) if is_sqlite else postgresql.insert(OUTPUTS)
    changed = {name: upsert.excluded[name] for name in ordered[0] if name not in _KEY}
    session.connection().execute(upsert.on_conflict_do_update(index_elements=list(_KEY), set_=changed), ordered)
    _set_thumbnails(session, made)
    emit(session, [_event(row) for row in ordered])


def _keep_earlier(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Write down what these paths were before, where a run before made something else."""
    fresh = {(row["job_id"], row["root"], row["path"]): row for row in rows}
    before = []
    for job_id in sorted({row["job_id"] for row in rows}):
        paths = sorted({row["path"] for row in rows if row["job_id"] == job_id})
        for old in session.scalars(select(Output).where(Output.job_id == job_id, Output.path.in_(paths))):
            row = fresh.get((old.job_id, old.root, old.path))
            if row and row["run_id"] != old.run_id and row["sha256"] != old.sha256:
                before.append({"output_id": old.id, **{name: getattr(old, name) for name in _EARLIER}})
    if before:
        session.execute(insert(EarlierOutput), before)


def _row(run: LiveRun, file: OutputFile, now: float) -> dict[str, Any]:
    return {
        "job_id": run.row.job_id, "step_id": run.row.step_id, "task_id": run.row.task_id, "run_id": run.row.id,
        "root": file.root, "path": file.path, "sha256": file.sha256, "size": file.size, "kind": file.kind,
        "frame": file.frame, "width": file.width, "height": file.height, "layer": file.layer,
        "thumbnail": file.thumbnail, "created_at": now,
    }  # fmt: skip


def _set_thumbnails(session: Session, made: Sequence[tuple[LiveRun, OutputFile]]) -> None:
    newest = {run.row.job_id: file.thumbnail for run, file in made if file.thumbnail}
    for job_id in sorted(newest):
        session.execute(update(JOBS).where(JOBS.c.id == job_id).values(thumbnail=newest[job_id]))


def _event(row: dict[str, Any]) -> Event:
    data = {name: row[name] for name in ("path", "kind", "frame", "thumbnail", "task_id")}
    return Event("output", row["path"][:64], row["job_id"], data)
