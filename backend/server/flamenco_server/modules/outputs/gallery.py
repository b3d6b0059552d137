"""All outputs of a job at once, as columns of small values: for a gallery of a hundred thousand pictures."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from flamenco_server.modules.jobs.models import Step
from flamenco_server.modules.tasks.models import Output
from flamenco_server.modules.tasks.service import check_job


class Gallery(msgspec.Struct, frozen=True, kw_only=True):
    """All outputs, by step, kind, layer and frame; `step`, `kind`, `layer` are places in `steps`, `kinds`, `layers`."""

    steps: list[str]
    kinds: list[str]
    layers: list[str]
    id: list[int]
    step: list[int]
    kind: list[int]
    layer: list[int]
    frame: list[int | None]
    size: list[int]


def gallery(session: Session, job_id: int) -> Gallery:
    """Every output of a job. Raises `NotFound`."""
    check_job(session, job_id)
    rows = session.execute(
        select(Output.id, Step.name, Output.kind, Output.layer, Output.frame, Output.size)
        .join(Step, Step.id == Output.step_id)
        .where(Output.job_id == job_id)
        .order_by(Step.position, Output.kind, Output.layer, Output.frame, Output.path)
    ).all()
    steps, step = _numbered([row[1] for row in rows])
    kinds, kind = _numbered([row[2] for row in rows])
    layers, layer = _numbered([row[3] for row in rows])
    return Gallery(
        steps=steps, kinds=kinds, layers=layers, step=step, kind=kind, layer=layer,
        id=[row[0] for row in rows], frame=[row[4] for row in rows], size=[row[5] for row in rows],
    )  # fmt: skip


def _numbered(values: Sequence[str]) -> tuple[list[str], list[int]]:
    """The different values in the order in which they first come, and for each value its place among them."""
    places: dict[str, int] = {}
    numbers = [places.setdefault(value, len(places)) for value in values]
    return list(places), numbers
