"""Work for workers, and their reports."""

from __future__ import annotations

import msgspec
from flamenco_common.documents import RunUpdate, UpdateAnswer
from flask import Blueprint, Response, request

from flamenco_manager.endpoints import answer, decoded, with_orders, worker
from flamenco_manager.errors import Conflict, Invalid
from flamenco_manager.site import site

blueprint = Blueprint("assignments", __name__)
_update = msgspec.json.Decoder(RunUpdate)
_updates = msgspec.json.Decoder(list[RunUpdate])


@blueprint.get("/generate")
def generate() -> Response:
    """A run that the worker owns and does not list in `have`, else a newly claimed one; 204: nothing to do."""
    member = worker()
    site().watch.look()
    have = {run_id for run_id in request.args.get("have", "").split(",") if run_id}
    orders = site().ordering.of(member)
    if orders.state == "run":
        found = site().handing.next(member, have)
        if found is not None:
            return with_orders(answer(found), orders)
        orders = site().ordering.of(member)
    elif orders.state == "sleep":
        site().handing.rest(member)
    return with_orders(Response(status=204), orders)


@blueprint.patch("/tasks")
def report() -> Response:
    """Take reports on runs."""
    member = worker()
    sent: list[RunUpdate] = decoded(_updates)
    site().watch.look()
    results = site().reports.send(member.id, sent)
    return answer(UpdateAnswer(results, site().ordering.of(member)))


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
