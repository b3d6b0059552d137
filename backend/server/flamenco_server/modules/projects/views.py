"""Projects over HTTP."""

from __future__ import annotations

from sqlalchemy import select

from flamenco_server.context import core, principal
from flamenco_server.endpoints import Endpoints
from flamenco_server.helpers.paging import Page, PageQuery, page
from flamenco_server.modules.auth.principal import Role
from flamenco_server.modules.projects import service
from flamenco_server.modules.projects.models import Project
from flamenco_server.modules.projects.schemas import NewProject, ProjectAnswer, ProjectChange

endpoint = Endpoints("projects")


class ProjectQuery(PageQuery, frozen=True, kw_only=True):
    """Filters of the list of projects."""

    name: str = ""
    archived: bool = False  # those that are, or those that are not


@endpoint("GET", "/projects", query=ProjectQuery, answer=Page[ProjectAnswer], role=Role.VIEWER)
def list_projects(query: ProjectQuery) -> Page[ProjectAnswer]:
    """List projects."""
    statement = select(Project).where(Project.archived == query.archived)
    if query.name:
        statement = statement.where(Project.name == query.name)
    sorts = {"name": Project.name, "created": Project.created_at, "id": Project.id}
    with core().database.reading() as session:
        return page(session, statement, query, sorts, Project.id, lambda row: service.present(row[0]))


@endpoint("POST", "/projects", body=NewProject, answer=ProjectAnswer, status=201, role=Role.SUPERVISOR)
def create_project(body: NewProject) -> ProjectAnswer:
    """Make a project."""
    with core().database.writing() as session:
        return service.present(service.create(session, body, principal().name, core().clock()))


@endpoint("GET", "/projects/<int:project_id>", answer=ProjectAnswer, role=Role.VIEWER)
def show_project(project_id: int) -> ProjectAnswer:
    """Show a project."""
    with core().database.reading() as session:
        return service.present(service.get(session, project_id))


@endpoint("PATCH", "/projects/<int:project_id>", body=ProjectChange, answer=ProjectAnswer, role=Role.SUPERVISOR)
def change_project(project_id: int, body: ProjectChange) -> ProjectAnswer:
    """Change a project."""
    with core().database.writing() as session:
        return service.present(service.change(session, project_id, body, principal().name))


@endpoint("DELETE", "/projects/<int:project_id>", status=204, role=Role.SUPERVISOR)
def delete_project(project_id: int) -> None:
    """Remove a project that has no jobs."""
    with core().database.writing() as session:
        service.delete(session, project_id, principal().name)
