"""A report on one run. Asking for work and reporting on several runs come all the time: see `hot`."""

from __future__ import annotations

import msgspec
from flamenco_common.documents import RunUpdate, UpdateAnswer
from flask import Blueprint, Response

from flamenco_manager.endpoints import answer, decoded, worker
from flamenco_manager.errors import Conflict, Invalid
from flamenco_manager.site import site

blueprint = Blueprint("assignments", __name__)
_update = msgspec.json.Decoder(RunUpdate)


@blueprint.patch("/tasks/<int:task_id>")
def report_one(task_id: int) -> Response:
    """Take a report on one run; 409 if it no longer owns the task."""
    member = worker()
    sent: RunUpdate = decoded(_update)
    if sent.task_id != task_id:
        raise Invalid(f"the update is for the task {sent.task_id}, not {task_id}", "task_id")
    results = site().reports.send(member.id, [sent])
    if not results[0].accepted and not results[0].missing:
        raise Conflict(results[0].error)
    return answer(UpdateAnswer(results, site().ordering.of(member)))
