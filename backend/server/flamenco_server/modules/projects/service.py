"""Make, change and find projects."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from flamenco_server.errors import Conflict, Invalid, NotFound
from flamenco_server.helpers.moments import moment_of
from flamenco_server.modules.jobs.models import Job
from flamenco_server.modules.log.service import record
from flamenco_server.modules.projects.models import Project
from flamenco_server.modules.projects.schemas import NewProject, ProjectAnswer, ProjectChange

DEFAULT = "default"


def project_for_job(session: Session, name: str) -> Project | None:
    """The project that a submission names; None if it names none and there is no default one yet."""
    found = session.scalar(select(Project).where(Project.name == (name or DEFAULT)))
    if found is None and name:
        raise Invalid(f"there is no project {name!r}", "project")
    if found is not None and found.archived:
        raise Invalid(f"the project {found.name!r} is archived: it takes no jobs", "project")
    return found


def get(session: Session, project_id: int) -> Project:
    """The project of that id. Raises `NotFound`."""
    found = session.get(Project, project_id)
    if found is None:
        raise NotFound(f"there is no project {project_id}")
    return found


def create(session: Session, sent: NewProject, actor: str, now: float) -> Project:
    """Make a project. Raises `Conflict` if the name is taken."""
    _check_free(session, sent.name)
    made = Project(name=sent.name, description=sent.description, allow_scripts=sent.allow_scripts, created_at=now)
    session.add(made)
    session.flush()
    record(session, actor, "create", "project", made.id, made.name)
    return made


def change(session: Session, project_id: int, sent: ProjectChange, actor: str) -> Project:
    """Change what is given. Jobs already compiled keep what they were compiled to."""
    found = get(session, project_id)
    if sent.name is not None and sent.name != found.name:
        _check_free(session, sent.name)
        found.name = sent.name
    if sent.description is not None:
        found.description = sent.description
    if sent.allow_scripts is not None:
        found.allow_scripts = sent.allow_scripts
    if sent.archived is not None and sent.archived != found.archived:
        found.archived = sent.archived
        record(session, actor, "archive" if sent.archived else "unarchive", "project", project_id, found.name)
    else:
        record(session, actor, "change", "project", project_id, found.name)
    return found


def delete(session: Session, project_id: int, actor: str) -> None:
    """Remove an empty project. Raises `Conflict` if it has jobs."""
    found = get(session, project_id)
    jobs = session.scalar(select(func.count(Job.id)).where(Job.project_id == project_id)) or 0
    if jobs:
        raise Conflict(f"the project {found.name!r} has {jobs} jobs: delete them first")
    session.delete(found)
    record(session, actor, "delete", "project", project_id, found.name)


def _check_free(session: Session, name: str) -> None:
    if session.scalar(select(Project.id).where(Project.name == name)) is not None:
        raise Conflict(f"there is a project {name!r} already")


def present(project: Project) -> ProjectAnswer:
    """As it is sent."""
    return ProjectAnswer(
        id=project.id,
        name=project.name,
        description=project.description,
        allow_scripts=project.allow_scripts,
        archived=project.archived,
        created_at=moment_of(project.created_at),
    )
