"""Submit jobs and change them."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from flamenco_common.authoring import Step
from flamenco_common.states import JobState
from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from flamenco_server.db import Database
from flamenco_server.errors import Conflict, Invalid, NotFound
from flamenco_server.modules.jobs.aside import Kept, recount
from flamenco_server.modules.jobs.compilers import Compilers
from flamenco_server.modules.jobs.compiling import (
    Compilation,
    check_files,
    check_overrides,
    compiled,
    delete_steps,
    store_steps,
)
from flamenco_server.modules.jobs.models import Job, JobFile
from flamenco_server.modules.jobs.schemas import JobChange, JobSubmission
from flamenco_server.modules.jobs.settling import settle
from flamenco_server.modules.log.service import Event, emit, record
from flamenco_server.modules.projects.models import Project
from flamenco_server.modules.projects.service import project_for_job
from flamenco_server.modules.tasks.moves import JOBS, Tally, lock_jobs

Presets = Callable[[str], Mapping[str, Any]]  # raises Invalid for an unknown name
Missing = Callable[[Session, list[str]], list[str]]
_RECOMPILES = ("settings", "preset", "overrides", "tags")


class JobService:
    """Submission, and changes that need a compilation."""

    def __init__(
        self,
        database: Database,
        compilers: Compilers,
        clock: Callable[[], float],
        presets: Presets,
        missing: Missing,
    ) -> None:
        self._database = database
        self.compilers = compilers
        self._clock = clock
        self._presets = presets
        self._missing = missing

    def submit(self, sent: JobSubmission, actor: str) -> tuple[int, bool]:
        """Store a job with all its tasks; returns its id, and whether it is new. The same token is the same job."""
        token = sent.client_token or secrets.token_hex(16)
        with self._database.reading() as session:
            known = self._known(session, token)
            if known is not None:
                return known, False
            steps = self._prepared(session, sent)
        try:
            return self._database.write(lambda session: self._store(session, sent, token, steps, actor))
        except IntegrityError:
            # Another server process was faster, with the same token or with the default project: now both are there.
            return self._database.write(lambda session: self._store(session, sent, token, steps, actor))

    @staticmethod
    def _known(session: Session, token: str) -> int | None:
        return session.scalar(select(Job.id).where(Job.client_token == token))

    def _prepared(self, session: Session, sent: JobSubmission) -> list[Step]:
        # A wrong name is told before what only another job type would need.
        self.compilers.get(sent.type)
        check_files(sent.files, sent.blend, sent.storage)
        check_overrides(sent.overrides)
        if sent.storage == "shared" and not sent.output_root:
            raise Invalid("a job on shared storage must say where its outputs go", "output_root")
        if sent.storage == "shared" and sent.blend and not sent.job_root:
            raise Invalid("a job on shared storage must say where its files lie", "job_root")
        project = project_for_job(session, sent.project)
        what = Compilation(
            type=sent.type,
            name=sent.name,
            settings=sent.settings,
            scene=sent.scene,
            preset=self._preset(sent.preset),
            overrides=sent.overrides,
            blend=sent.blend,
            files=[file.path for file in sent.files],
            blender=sent.blender,
            tags=sent.tags,
            allow_missing=sent.allow_missing,
            allow_scripts=project is not None and project.allow_scripts,
        )
        return compiled(self.compilers, what)

    def _check_stored(self, session: Session, sent: JobSubmission) -> None:
        if sent.storage != "uploaded":
            return
        missing = set(self._missing(session, sorted({file.sha256 for file in sent.files})))
        lacking = [file.path for file in sent.files if file.sha256 in missing]
        if lacking:
            more = f" and {len(lacking) - 1} more" if len(lacking) > 1 else ""
            raise Invalid(f"the server does not have the file {lacking[0]!r}{more}: send it first", "files")

    def _preset(self, name: str) -> Mapping[str, Any]:
        return self._presets(name) if name else {}

    def _store(
        self, session: Session, sent: JobSubmission, token: str, steps: list[Step], actor: str
    ) -> tuple[int, bool]:
        known = self._known(session, token)
        if known is not None:
            return known, False
        # In the transaction that begins to need them, so that no collection of garbage can come between.
        self._check_stored(session, sent)
        project = project_for_job(session, sent.project) or self._default_project(session)
        job_id = self._insert_job(session, sent, token, project.id, actor)
        files = [{"job_id": job_id, "path": file.path, "sha256": file.sha256, "size": file.size} for file in sent.files]
        if files:
            session.connection().execute(insert(JobFile.__table__), files)  # type: ignore[arg-type]
        tally = Tally()
        store_steps(self._database, session, tally, job_id, steps, sent.blender, sent.tags)
        settle(session, tally, self._clock())
        record(session, actor, "submit", "job", job_id, f"{sent.name} ({sent.type})")
        return job_id, True

    def _default_project(self, session: Session) -> Project:
        project = Project(name="default", created_at=self._clock())
        session.add(project)
        session.flush()
        return project

    def _insert_job(self, session: Session, sent: JobSubmission, token: str, project_id: int, actor: str) -> int:
        job = Job(
            client_token=token,
            project_id=project_id,
            owner=actor,
            state=(JobState.PAUSED if sent.paused else JobState.QUEUED).value,
            created_at=self._clock(),
            **{
                name: getattr(sent, name)
                for name in JobSubmission.__struct_fields__
                if name not in ("client_token", "project", "files", "paused")
            },
        )
        session.add(job)
        session.flush()
        recount(session, None, Kept(job.state, job.archived))
        return job.id

    def change(self, job_id: int, sent: JobChange, actor: str) -> None:
        """Change a job; compile it anew if its settings change. Raises `Conflict` once its tasks ran."""
        given = {name: value for name in JobChange.__struct_fields__ if (value := getattr(sent, name)) is not None}
        check_overrides(sent.overrides or {})
        self._database.write(lambda session: self._change(session, job_id, given, actor))

    def _change(self, session: Session, job_id: int, given: dict[str, Any], actor: str) -> None:
        if not lock_jobs(session, [job_id]):
            raise NotFound(f"there is no job {job_id}")
        job = session.get_one(Job, job_id)
        if "settings" in given:
            merged = {**job.settings, **given["settings"]}
            given = {**given, "settings": {name: value for name, value in merged.items() if value is not None}}
        before = Kept(job.state, job.archived)
        for name, value in given.items():
            setattr(job, name, value)
        session.flush()
        recount(session, before, Kept(job.state, job.archived))
        if any(name in given for name in _RECOMPILES):
            self._recompile(session, job)
        record(session, actor, "change", "job", job_id, msgspec.json.encode(given).decode()[:500])
        emit(session, [Event("job", str(job_id), job_id, {"changed": sorted(given)})])

    def _recompile(self, session: Session, job: Job) -> None:
        if job.n_processing + job.n_completed + job.n_failed + job.n_canceled or job.started_at is not None:
            raise Conflict("its tasks have begun: settings can be changed only before that")
        project = session.get_one(Project, job.project_id)
        paths = session.scalars(select(JobFile.path).where(JobFile.job_id == job.id).order_by(JobFile.path)).all()
        steps = compiled(
            self.compilers,
            Compilation(
                type=job.type,
                name=job.name,
                settings=job.settings,
                scene=job.scene,
                preset=self._preset(job.preset),
                overrides=job.overrides,
                blend=job.blend,
                files=paths,
                blender=job.blender,
                tags=job.tags,
                allow_missing=job.allow_missing,
                allow_scripts=project.allow_scripts,
            ),
        )
        delete_steps(session, job.id)
        zero = {name: 0 for name in JOBS.c.keys() if name.startswith("n_")}  # noqa: SIM118 - a column collection
        session.execute(update(JOBS).where(JOBS.c.id == job.id).values(zero))
        tally = Tally()
        store_steps(self._database, session, tally, job.id, steps, job.blender, job.tags)
        settle(session, tally, self._clock())

    def delete(self, job_id: int, actor: str) -> None:
        """Remove a job with all that belongs to it; files that no other job needs go with the next collection."""

        def work(session: Session) -> None:
            if not lock_jobs(session, [job_id]):
                raise NotFound(f"there is no job {job_id}")
            gone = session.execute(select(JOBS.c.name, JOBS.c.state, JOBS.c.archived).where(JOBS.c.id == job_id)).one()
            delete_steps(session, job_id)
            session.execute(delete(JOBS).where(JOBS.c.id == job_id))
            recount(session, Kept(gone.state, gone.archived), None)
            record(session, actor, "delete", "job", job_id, gone.name)
            emit(session, [Event("job", str(job_id), job_id, {"deleted": True})])

        self._database.write(work)
