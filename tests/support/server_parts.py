"""A server without a network: its app on a fresh database, and a caller for each kind of token."""

from __future__ import annotations

import hashlib
import io
import itertools
import tarfile
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from flamenco_server.app import create_app
from flamenco_server.config import ServerConfig
from flamenco_server.db import Database
from flamenco_server.models import all_tables
from flamenco_server.modules.auth.authenticator import hashed
from flamenco_server.modules.auth.models import Token, User
from flamenco_server.modules.jobs.models import Job, JobFile, Step
from flamenco_server.modules.managers.models import Manager
from flamenco_server.modules.projects.models import Project
from flamenco_server.modules.tasks.models import Output, Run, Task
from flask import Flask
from sqlalchemy import insert
from werkzeug.test import TestResponse

_NUMBERS = itertools.count(1)
ROLES = ("viewer", "artist", "supervisor", "admin")


def sha(data: bytes) -> str:
    """The SHA-256 of some bytes."""
    return hashlib.sha256(data).hexdigest()


def tar_of(blobs: dict[str, bytes]) -> bytes:
    """A tar archive of name → bytes."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, data in blobs.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


class Clock:
    """A clock that a test moves."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class Caller:
    """Calls the API with one token."""

    def __init__(self, app: Flask, token: str) -> None:
        self._client = app.test_client()
        self.token = token

    def __call__(self, method: str, path: str, headers: dict[str, str] | None = None, **more: Any) -> TestResponse:
        sent = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return self._client.open(path, method=method, headers={**sent, **(headers or {})}, **more)


class Farm:
    """The app, its parts, and who may call it."""

    def __init__(self, config: ServerConfig, database: Database, clock: Clock) -> None:
        self.config, self.database, self.clock = config, database, clock
        self.tokens: dict[str, str] = {}
        self._people()
        self.app = create_app(config, database, clock)
        self.files = self.app.extensions["flamenco.files"]

    def by(self, who: str) -> Caller:
        """A caller: viewer, artist, supervisor, admin, manager, or nobody."""
        return Caller(self.app, self.tokens.get(who, ""))

    def _people(self) -> None:
        with self.database.writing() as session:
            session.execute(insert(Manager), [{"id": 1, "name": "site", "enabled": True, "created_at": 0.0}])
            for number, who in enumerate((*ROLES, "manager"), start=1):
                kind = "manager" if who == "manager" else "user"
                self.tokens[who] = f"{kind}_{number}_secret{number}"
                if kind == "user":
                    session.add(User(id=number, name=who, role=who, enabled=True, created_at=0.0))
                    session.flush()
                owner = {"manager_id": 1} if kind == "manager" else {"user_id": number}
                session.add(
                    Token(id=number, kind=kind, sha256=hashed(self.tokens[who]), label="", created_at=0.0, **owner)
                )

    def job(self, files: dict[str, bytes] | None = None, outputs: dict[str, bytes] | None = None, **more: Any) -> int:
        """A job with one task and one run, without compiling; its bytes are put into the store."""
        for data in (*(files or {}).values(), *(outputs or {}).values()):
            assert self.by("artist")("PUT", f"/api/files/{sha(data)}", data=data).status_code in (200, 201)
        with self.database.writing() as session:
            return self._job(session, files or {}, outputs or {}, more)

    def _job(self, session: Any, files: dict[str, bytes], outputs: dict[str, bytes], more: dict[str, Any]) -> int:
        project = Project(name=f"project {next(_NUMBERS)}", created_at=0.0)
        session.add(project)
        session.flush()
        values = {"settings": {}, "scene": {}, "overrides": {}, "tags": [], "storage": "uploaded", **more}
        job = Job(
            client_token=f"{project.id}",
            name="A shot",
            type="render",
            project_id=project.id,
            owner="artist",
            state="queued",
            created_at=self.clock.now,
            **values,
        )
        session.add(job)
        session.flush()
        step = Step(job_id=job.id, position=0, name="render", template="[]", requirements="{}", after=[])
        after = Step(job_id=job.id, position=1, name="encode", template="[]", requirements="{}", after=["render"])
        session.add_all([step, after])
        session.flush()
        tasks = [Task(job_id=job.id, step_id=one.id, params="{}", status="queued") for one in (step, after)]
        session.add_all(tasks)
        session.flush()
        session.add(
            Run(
                id=f"run-{job.id}",
                task_id=tasks[0].id,
                job_id=job.id,
                step_id=step.id,
                manager_id=1,
                worker_id="M1-a",
                status="processing",
                attempt=1,
                started_at=self.clock.now,
                updated_at=self.clock.now,
            )
        )
        for path, data in files.items():
            session.add(JobFile(job_id=job.id, path=path, sha256=sha(data), size=len(data)))
        for path, data in outputs.items():
            session.add(
                Output(
                    job_id=job.id,
                    step_id=step.id,
                    task_id=tasks[0].id,
                    run_id=f"run-{job.id}",
                    root="output",
                    path=path,
                    sha256=sha(data),
                    size=len(data),
                    kind="frame",
                    created_at=self.clock.now,
                )
            )
        return job.id


@cache
def _empty_sqlite() -> bytes:
    """A database with all tables, made once: copying it is many times faster."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "empty.sqlite"
        database = Database(f"sqlite:///{file}")
        all_tables().create_all(database.engine)
        database.close()
        return file.read_bytes()


def make_farm(folder: Path, url: str = "", **settings: Any) -> Farm:
    """A farm with its tables made; to be closed by `farm.database.close()`."""
    config = ServerConfig(data_dir=folder, database_url=url, **settings)
    file = folder / "flamenco-server.sqlite"
    if not url and not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        file.write_bytes(_empty_sqlite())
    database = Database(config.url())
    if url:
        all_tables().create_all(database.engine)
    return Farm(config, database, Clock())


@pytest.fixture
def farm(tmp_path: Path) -> Iterator[Farm]:
    """A farm on SQLite with files in a folder; a file may have 4 MB."""
    made = make_farm(tmp_path, most_file_mb=4)
    yield made
    made.database.close()
