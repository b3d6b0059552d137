"""A server with job compilers of its own, and workers that are only told about: for tests of jobs and the scheduler."""

from __future__ import annotations

import atexit
import functools
import itertools
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flamenco_common.states import TaskStatus
from flamenco_server.config import ServerConfig
from flamenco_server.db import Database
from flamenco_server.migrating import migrate
from flamenco_server.modules.farm.recording import totals
from flamenco_server.modules.jobs.aside import set_aside
from flamenco_server.modules.jobs.models import Job, Step
from flamenco_server.modules.tasks.models import Task
from processes import new_database, shared_postgres
from server_parts import Clock, Farm
from sqlalchemy import func, select, text

COMPILERS = {
    "copying": '''
"""Copy files a frame, then all of them together."""
from dataclasses import dataclass
from flamenco_common.authoring import Frames, JobBuilder, Scene, files, setting

@dataclass(frozen=True)
class Settings:
    frames: Frames = setting(source=Scene.FRAME_RANGE, help="Frames to copy")
    chunk_size: int = setting(1, minimum=1, maximum=1000)
    preview: bool = setting(True)
    memory_mb: int = setting(0)

def compile_job(settings: Settings, job: JobBuilder) -> None:
    copy = files.copy(inputs={"paths": ["{job}/a"]}, target="{output}")
    render = job.step("render", copy, tasks=settings.frames.chunks(settings.chunk_size), memory_mb=settings.memory_mb)
    if settings.preview:
        job.step("preview", files.copy(inputs=render.outputs, target="{output}/all"), after=render)
''',
    "blending": '''
"""Render with Blender."""
from dataclasses import dataclass
from flamenco_common.authoring import Frames, JobBuilder, Scene, Task, blender, setting

@dataclass(frozen=True)
class Settings:
    frames: Frames = setting(source=Scene.FRAME_RANGE)

def compile_job(settings: Settings, job: JobBuilder) -> None:
    render = blender.render(frames=Task.frames, output="{output}/####", skip_existing=True)
    job.step("render", render, tasks=settings.frames.chunks(1))
''',
}
ABILITIES = {"platform": "linux", "cores": 4, "memory_mb": 8000}


class Site(Farm):
    """The server, and one manager's workers as it tells of them."""

    _leases = itertools.count(1)

    def _people(self) -> None:
        """PostgreSQL counts on from the ids that were given by hand only if it is told."""
        super()._people()
        if not self.database.is_sqlite:
            with self.database.writing() as session:
                for table in ("managers", "users", "tokens"):
                    session.execute(text(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), 100)"))

    def submit(self, **more: Any) -> int:
        """Submit a job of three frames and a preview on shared storage; returns its id."""
        answer = self.by("artist")("POST", "/api/jobs", json=self.submission(**more))
        assert answer.status_code == 201, answer.json
        return int(answer.json["id"])

    @staticmethod
    def submission(**more: Any) -> dict[str, Any]:
        """What is submitted; settings are merged."""
        settings = {"frames": "1-3", **more.pop("settings", {})}
        return {
            "name": "A shot", "type": "copying", "settings": settings, "storage": "shared", "job_root": "/j",
            "output_root": "/o", **more,
        }  # fmt: skip

    def worker(self, *names: str, manager: str = "manager", **more: Any) -> None:
        """Tell of workers that are awake."""
        abilities = {**ABILITIES, **more.pop("abilities", {})}
        reports = [{"worker_id": n, "name": n, "state": "awake", "abilities": abilities, **more} for n in names]
        assert self.by(manager)("PATCH", "/api/tasks", json={"workers": reports}).status_code == 200

    def claim(self, *workers: str, lease: str = "", manager: str = "manager", revision: int = 0) -> Any:
        """The whole answer to a claim, under a new lease if none is given."""
        query = {"lease": lease or f"L{next(self._leases)}", "workers": ",".join(workers), "revision": revision}
        answer = self.by(manager)("GET", "/api/scheduler/tasks", query_string=query)
        assert answer.status_code == 200, answer.json
        return answer.json

    def task(self, worker: str, **more: Any) -> Any:
        """The task that a worker gets, or None."""
        return self.claim(worker, **more).get("tasks", {}).get(worker)

    def report(self, *updates: dict[str, Any], manager: str = "manager", **more: Any) -> Any:
        """The answer to a report of updates."""
        answer = self.by(manager)("PATCH", "/api/tasks", json={"updates": list(updates), **more})
        assert answer.status_code == 200, answer.json
        return answer.json

    def finish(self, task: Any, status: str = "completed", seq: int = 9, **more: Any) -> Any:
        """The result of a run's last update."""
        return self.report(update(task, seq, status=status, **more))["results"][0]

    def show(self, job_id: int) -> Any:
        """The job."""
        return self.by("viewer")("GET", f"/api/jobs/{job_id}").json

    def counts(self, job_id: int) -> dict[str, int]:
        """The job's counters that are not zero."""
        return {name: count for name, count in self.show(job_id)["counts"].items() if count}

    def act(self, job_id: int, action: str, who: str = "artist", **body: Any) -> Any:
        """Press a button of the job."""
        return self.by(who)("POST", f"/api/jobs/{job_id}/{action}", json=body)

    def check_counters(self) -> None:
        """Every job's and step's counters are what counting its tasks gives, and sums of jobs what counting them gives."""
        with self.database.reading() as session:
            for state, known in set_aside(totals(session)).items():
                jobs = select(func.count()).select_from(Job).where(Job.state == state, Job.archived.is_(False))
                assert session.scalar(jobs) == known, state
            for kind, column in ((Job, Task.job_id), (Step, Task.step_id)):
                counted = {
                    (row[0], row[1]): row[2]
                    for row in session.execute(select(column, Task.status, func.count()).group_by(column, Task.status))
                }
                for row in session.scalars(select(kind)):
                    for status in TaskStatus:
                        count = getattr(row, f"n_{status.value}")
                        assert count == counted.get((row.id, status.value), 0), (kind, row.id, status)


def update(task: Any, seq: int, **more: Any) -> dict[str, Any]:
    """A run's update."""
    return {"run_id": task["run_id"], "task_id": task["task_id"], "seq": seq, **more}


@functools.cache
def migrated_sqlite() -> Path:
    """A migrated database with nothing in it."""
    folder = Path(tempfile.mkdtemp(prefix="flamenco-empty-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    database = Database(f"sqlite:///{folder / 'empty.sqlite'}")
    migrate(database)
    database.close()
    return folder / "empty.sqlite"


def make_site(folder: Path, url: str = "", **settings: Any) -> Site:
    """A migrated server with the compilers above; to be closed by `site.database.close()`.

    Migrations run once; each server on SQLite then begins with a copy of that file.
    """
    if not url:
        shutil.copyfile(migrated_sqlite(), folder / "flamenco-server.sqlite")
    own = folder / "compilers"
    own.mkdir()
    for name, source in COMPILERS.items():
        (own / f"{name}.py").write_text(source, encoding="utf-8")
    config = ServerConfig(
        data_dir=folder, database_url=url, job_compilers=[own], builtin_compilers=False, **settings
    )  # fmt: skip
    database = Database(config.url())
    if url:
        migrate(database)
    return Site(config, database, Clock())


@functools.cache
def migrated_postgres() -> str:
    """The name of a migrated database with nothing in it, on the PostgreSQL that all tests share."""
    database = Database(new_database(shared_postgres(), "migrated").replace("://", "+psycopg://"))
    migrate(database)
    database.close()
    return "migrated"


_DATABASES = itertools.count(1)
BOTH = ["sqlite", pytest.param("postgres", marks=[pytest.mark.real, pytest.mark.postgres])]


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> str:
    """A database of its own: SQLite in the data folder (an empty URL), or one on PostgreSQL, migrated already."""
    if getattr(request, "param", "sqlite") == "sqlite":
        return ""
    return new_database(shared_postgres(), f"farm{next(_DATABASES)}", migrated_postgres())


@pytest.fixture
def site(tmp_path: Path, database_url: str) -> Iterator[Site]:
    """A migrated server; on both databases where the module says `pytestmark = on_both`."""
    made = make_site(tmp_path, database_url)
    yield made
    made.check_counters()
    made.database.close()


on_both = pytest.mark.parametrize("database_url", BOTH, indirect=True)
