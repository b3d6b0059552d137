"""Outputs and what tasks need, over HTTP."""

from __future__ import annotations

import re

import msgspec
from flask import Response

from flamenco_server.context import core
from flamenco_server.endpoints import Endpoints
from flamenco_server.helpers.paging import Page
from flamenco_server.modules.auth.principal import Role
from flamenco_server.modules.files.sending import zip_response
from flamenco_server.modules.files.views import BINARY, files, send
from flamenco_server.modules.outputs import service
from flamenco_server.modules.outputs.earlier import EarlierAnswer, earlier
from flamenco_server.modules.outputs.gallery import Gallery, gallery

endpoint = Endpoints("outputs")
ZIP = "application/zip"


class ZipQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Only outputs of that kind, or of that step, or these."""

    kind: str = ""
    step: str = ""
    outputs: str = ""  # their ids and ranges of ids, like 7,12-90


@endpoint(
    "GET", "/outputs/<int:output_id>/content", role=Role.VIEWER, manager=True,
    raw_answer=BINARY, statuses=(206, 304, 404, 409, 416),
)  # fmt: skip
def output_content(output_id: int) -> Response:
    """Send an output's bytes, or the range that was asked for."""
    with core().database.reading() as session:
        found = service.output(session, output_id)
        sha256, name = found.sha256, found.path
    answer = send(sha256, name)
    # Behind an output's id there may be other bytes, once its frame was rendered again.
    answer.headers["Cache-Control"] = "private, no-cache"
    return answer


@endpoint("GET", "/jobs/<int:job_id>/zip", query=ZipQuery, role=Role.VIEWER, raw_answer=ZIP, statuses=(404, 409))
def job_zip(job_id: int, query: ZipQuery) -> Response:
    """Send what a job made as one zip, by path."""
    with core().database.reading() as session:
        job = service.check_uploaded(session, job_id)
        name = re.sub(r"[^\w.-]+", "_", job.name, flags=re.ASCII).strip("_") or "job"
        entries = service.entries_of_job(session, job_id, query.kind, query.step, query.outputs)
    return zip_response(files().store, entries, f"{name}-{job_id}.zip")


@endpoint("GET", "/outputs/<int:output_id>/earlier", answer=Page[EarlierAnswer], role=Role.VIEWER)
def earlier_outputs(output_id: int) -> Page[EarlierAnswer]:
    """List what an output was before it was made anew; a file that nothing else needs stays for a day."""
    with core().database.reading() as session:
        return Page(earlier(session, output_id), None)


@endpoint("GET", "/jobs/<int:job_id>/gallery", answer=Gallery, role=Role.VIEWER)
def gallery_of_job(job_id: int) -> Gallery:
    """Show all outputs of a job at once, as columns."""
    with core().database.reading() as session:
        return gallery(session, job_id)


@endpoint("GET", "/tasks/zip/<int:task_id>", role=Role.VIEWER, manager=True, raw_answer=ZIP, statuses=(404, 409))
def task_zip(task_id: int) -> Response:
    """Send all that a task needs as one zip, each entry named by its root and path: `job/…` and `output/…`."""
    with core().database.reading() as session:
        entries = service.entries_of_task(session, task_id)
    return zip_response(files().store, entries)
