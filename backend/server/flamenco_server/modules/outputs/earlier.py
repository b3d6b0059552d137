"""What outputs were before they were made anew, for as long as their files are here."""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from flamenco_server.errors import NotFound
from flamenco_server.helpers.moments import moment_of
from flamenco_server.modules.files.models import File
from flamenco_server.modules.tasks.models import EarlierOutput, Output

MOST = 100


class EarlierAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What an output was before; `sha256` and `thumbnail` are empty where the file is gone."""

    id: int
    output: int
    run: str
    sha256: str
    size: int
    width: int
    height: int
    thumbnail: str
    created_at: datetime


def earlier(session: Session, output_id: int) -> list[EarlierAnswer]:
    """What is still here of an output's earlier states, the newest first. Raises `NotFound`."""
    if session.get(Output, output_id) is None:
        raise NotFound(f"there is no output {output_id}")
    query = select(EarlierOutput).where(EarlierOutput.output_id == output_id).order_by(EarlierOutput.id.desc())
    rows = list(session.scalars(query.limit(MOST)))
    hashes = {row.sha256 for row in rows} | {row.thumbnail for row in rows}
    here = set(session.scalars(select(File.sha256).where(File.sha256.in_(hashes), File.condemned.is_(False))))
    return [_answer(row, here) for row in rows if row.sha256 in here or row.thumbnail in here]


def _answer(row: EarlierOutput, here: set[str]) -> EarlierAnswer:
    return EarlierAnswer(
        id=row.id, output=row.output_id, run=row.run_id, size=row.size, width=row.width, height=row.height,
        sha256=row.sha256 if row.sha256 in here else "", thumbnail=row.thumbnail if row.thumbnail in here else "",
        created_at=moment_of(row.created_at),
    )  # fmt: skip
