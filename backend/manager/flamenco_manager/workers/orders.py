"""What a worker is to be: what people asked of it, and its sleep schedule, as one order."""

from __future__ import annotations

import logging
from datetime import datetime
from functools import lru_cache

from flamenco_common.schedule import BadSchedule, SleepSchedule

from flamenco_manager.workers.member import Member

ONCE = ("restart", "shutdown")  # done when the worker signs off or in, never again
_log = logging.getLogger(__name__)


@lru_cache(maxsize=1024)
def _schedule(text: str) -> SleepSchedule:
    try:
        return SleepSchedule.parse(text)
    except BadSchedule as error:
        _log.error("%s", error)
        return SleepSchedule(())


def ordered_state(member: Member, now: float) -> str:
    """run, sleep, restart or shutdown. Schedules are in this machine's local time."""
    if member.wish_state in ONCE:
        return member.wish_state
    if not member.enabled or member.wish_state == "sleep":
        return "sleep"
    return "sleep" if member.schedule and _schedule(member.schedule).sleeps_at(datetime.fromtimestamp(now)) else "run"
