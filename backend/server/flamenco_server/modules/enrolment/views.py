"""Letting workers join, over HTTP."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import select

from flamenco_server.context import core, principal
from flamenco_server.endpoints import Endpoints
from flamenco_server.helpers.paging import Page, PageQuery, page
from flamenco_server.modules.auth.principal import Role
from flamenco_server.modules.enrolment import service
from flamenco_server.modules.enrolment.models import Enrolment
from flamenco_server.modules.enrolment.schemas import (
    EnrolmentAnswer,
    EnrolmentUseRequest,
    MadeEnrolment,
    NewEnrolment,
)

endpoint = Endpoints("enrolment")


@endpoint("GET", "/enrolments", query=PageQuery, answer=Page[EnrolmentAnswer], role=Role.SUPERVISOR)
def list_enrolments(query: PageQuery) -> Page[EnrolmentAnswer]:
    """List the tokens with which workers join, the newest first."""
    sorts: Any = {"created": Enrolment.created_at, "id": Enrolment.id}
    key: Any = Enrolment.id
    with core().database.reading() as session:
        return page(
            session, select(Enrolment), query, sorts, key, lambda row: service.present(row[0]), default="-created"
        )


@endpoint("POST", "/enrolments", body=NewEnrolment, answer=MadeEnrolment, status=201, role=Role.SUPERVISOR)
def create_enrolment(body: NewEnrolment) -> MadeEnrolment:
    """Make a token with which workers join; the answer tells it, once, and the line to paste on a new node."""
    now, actor = core().clock(), principal().name
    with core().database.writing() as session:
        made, token = service.create(session, body, actor, now)
        url = service.manager_url(session, body.manager)
        # A worker without an address looks for a manager on its network.
        command = f"flamenco worker {f'--manager-url {url} ' if url else ''}--enrolment {token}"
        answer = msgspec.structs.asdict(service.present(made))
    return MadeEnrolment(token=token, manager_url=url, command=command, **answer)


@endpoint("DELETE", "/enrolments/<int:enrolment_id>", status=204, role=Role.SUPERVISOR, statuses=(404,))
def delete_enrolment(enrolment_id: int) -> None:
    """Let no further worker join with a token; those that did stay."""
    actor = principal().name
    core().database.write(lambda session: service.take_back(session, enrolment_id, actor))


@endpoint("POST", "/enrolments/use", body=EnrolmentUseRequest, status=204, manager=True, statuses=(409,))
def use_enrolment(body: EnrolmentUseRequest) -> None:
    """Say whether a worker that shows a token may join at this manager, and count it; 409 if not."""
    manager, now = principal().id, core().clock()
    core().database.write(lambda session: service.use(session, body.token, body.identity, manager, now))
