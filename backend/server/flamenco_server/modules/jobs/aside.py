"""How many jobs are paused or failed and not archived: sums that change with the jobs, as there may be many and none is counted.

The sums are written at the very end of a transaction: until its commit all others who change them wait, and a large job takes seconds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from flamenco_common.states import JobState
from sqlalchemy import event
from sqlalchemy.orm import Session

from flamenco_server.modules.farm.recording import add_to_totals

_CHANGES = "flamenco.jobs aside"
_NAMES = {state.value: f"{state.value} jobs" for state in (JobState.PAUSED, JobState.FAILED)}


class Kept(NamedTuple):
    """What of a job decides where it counts."""

    state: str
    archived: bool


def recount(session: Session, before: Kept | None, after: Kept | None) -> None:
    """A job was as `before` and is as `after`; None: it is not there."""
    if _CHANGES not in session.info:
        session.info[_CHANGES] = Counter()
        event.listen(session, "before_commit", _write)
    changes: Counter[str] = session.info[_CHANGES]
    for kept, change in ((before, -1), (after, 1)):
        if kept is not None and not kept.archived and kept.state in _NAMES:
            changes[_NAMES[kept.state]] += change


def _write(session: Session) -> None:
    add_to_totals(session, session.info[_CHANGES])
    session.info[_CHANGES].clear()


def set_aside(known: Mapping[str, int]) -> dict[str, int]:
    """The sums by state, out of all."""
    return {state: known.get(name, 0) for state, name in _NAMES.items()}
