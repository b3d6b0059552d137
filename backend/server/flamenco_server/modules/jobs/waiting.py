"""Why nothing of a job runs, as one sentence for the artist who wonders."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from flamenco_common.states import ACTIVE_JOBS, JobState
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from flamenco_server.modules.scheduler.fleet import WORKERS, Fleet, why_not
from flamenco_server.modules.tasks.moves import IS_ACTIVE, IS_PROCESSING, JOBS, TASKS


def waiting_because(session: Session, job: Any, steps: Sequence[Any], fleet: Fleet) -> str:
    """The sentence; empty if something of it runs, or it is finished."""
    if job.state == JobState.PAUSED.value:
        return "It is paused."
    if JobState(job.state) not in ACTIVE_JOBS or job.n_processing:
        return ""
    live = fleet.live(session)
    if not live:
        return _nobody(session, fleet)
    able = [worker for worker in live if takes_any(worker, steps)]
    if not able:
        return nobody_fits(live, steps)
    return _all_busy(session, job, [worker.id for worker in able])


def takes_any(worker: Any, steps: Sequence[Any]) -> bool:
    """Whether the worker can do any of the steps that have queued tasks."""
    return any(step.n_queued and why_not(step.requirements, worker.abilities, worker.tags) is None for step in steps)


def _nobody(session: Session, fleet: Fleet) -> str:
    """No worker is live: say what they are instead."""
    workers = session.execute(select(WORKERS)).all()
    if not workers:
        return "The farm has no workers yet."
    states = Counter(_state(worker, fleet) for worker in workers)
    listed = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
    return f"No worker takes work now: {listed}."


def _state(worker: Any, fleet: Fleet) -> str:
    if worker.faulty:
        return "set aside after failures"
    if not worker.enabled:
        return "disabled"
    if worker.last_seen_at <= fleet.now - fleet.silent_seconds:
        return "offline"
    return str(worker.state)


def nobody_fits(live: Sequence[Any], steps: Sequence[Any]) -> str:
    """Every live worker lacks something: name the commonest lack."""
    step = next((step for step in steps if step.n_queued), None)
    if step is None:
        return "Its next step waits for another one."
    whys = Counter(str(why_not(step.requirements, worker.abilities, worker.tags)) for worker in live)
    why, count = whys.most_common(1)[0]
    if len(live) == 1:
        return f"No worker can do its step {step.name!r}: the only one that is awake, {live[0].name}, {why}."
    example = next(w.name for w in live if why_not(step.requirements, w.abilities, w.tags) == why)
    return f"No worker can do its step {step.name!r}: {count} of {len(live)} lack the same, as {example}, which {why}."


def _all_busy(session: Session, job: Any, able: Sequence[str]) -> str:
    busy = session.scalar(
        select(func.count(TASKS.c.worker_id.distinct())).where(IS_PROCESSING, TASKS.c.worker_id.in_(able))
    )
    if not busy:
        return "It starts as soon as a worker asks for work."
    first = (JOBS.c.priority > job.priority) | ((JOBS.c.priority == job.priority) & (JOBS.c.id < job.id))
    ahead = session.scalar(
        select(func.count(JOBS.c.id)).where(IS_ACTIVE, JOBS.c.n_queued + JOBS.c.n_processing > 0, first)
    )
    workers = "The one worker that can do it is" if len(able) == 1 else f"All {len(able)} workers that can do it are"
    if busy < len(able):
        return "It starts as soon as a worker asks for work."
    if not ahead:
        return f"{workers} busy; it is next."
    return f"{workers} busy; {ahead} {'job is' if ahead == 1 else 'jobs are'} ahead of it."
