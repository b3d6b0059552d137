"""Sleep schedules: when a worker sleeps because an artist sits at its machine.

Written as `mo-fr 09:00-18:00, sa 22:00-06:00`: days, then a time span in the manager's local time. A span whose end is
not after its start crosses midnight and belongs to the day on which it starts. No days means every day.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

_DAYS = ("mo", "tu", "we", "th", "fr", "sa", "su")
_SPAN = re.compile(
    r"^(?:([a-z]{2}(?:-[a-z]{2})?(?:\s+[a-z]{2}(?:-[a-z]{2})?)*)\s+)?(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})$"
)


class BadSchedule(ValueError):
    """A schedule that cannot be read; its text is one sentence for people."""


@dataclass(frozen=True)
class Span:
    """Minutes of the day from `start` to `end` on the days (0 = Monday) on which it starts."""

    days: frozenset[int]
    start: int
    end: int

    def holds(self, day: int, minute: int) -> bool:
        """Whether the span covers that minute of that day."""
        if self.start < self.end:
            return day in self.days and self.start <= minute < self.end
        return (day in self.days and minute >= self.start) or ((day - 1) % 7 in self.days and minute < self.end)


@dataclass(frozen=True)
class SleepSchedule:
    """The spans in which a worker sleeps."""

    spans: tuple[Span, ...]

    @classmethod
    def parse(cls, text: str) -> SleepSchedule:
        """Read a schedule; an empty text never sleeps. Raises `BadSchedule`."""
        parts = [part.strip().lower() for part in text.split(",") if part.strip()]
        return cls(tuple(_span(part, text) for part in parts))

    def sleeps_at(self, moment: datetime) -> bool:
        """Whether the worker sleeps at that moment of local time."""
        minute = moment.hour * 60 + moment.minute
        return any(span.holds(moment.weekday(), minute) for span in self.spans)


def _span(part: str, text: str) -> Span:
    match = _SPAN.match(part)
    if not match:
        raise BadSchedule(f"the sleep schedule {text!r} cannot be read: write it like mo-fr 09:00-18:00")
    start, end = (_minute(match[2], match[3], text), _minute(match[4], match[5], text))
    return Span(_days(match[1] or "mo-su", text), start, end)


def _minute(hour: str, minute: str, text: str) -> int:
    if int(hour) > 24 or int(minute) > 59 or (int(hour) == 24 and int(minute)):
        raise BadSchedule(f"the sleep schedule {text!r} has no time {hour}:{minute}")
    return int(hour) * 60 + int(minute)


def _days(words: str, text: str) -> frozenset[int]:
    days: set[int] = set()
    for word in words.split():
        first, _, last = word.partition("-")
        if first not in _DAYS or (last and last not in _DAYS):
            raise BadSchedule(f"the sleep schedule {text!r} has no day {word!r}: days are {' '.join(_DAYS)}")
        start, end = _DAYS.index(first), _DAYS.index(last or first)
        days.update((start + step) % 7 for step in range((end - start) % 7 + 1))
    return frozenset(days)
