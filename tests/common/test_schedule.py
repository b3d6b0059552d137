"""Sleep schedules, over midnight and over the week's end."""

from __future__ import annotations

from datetime import datetime

import pytest
from flamenco_common.schedule import BadSchedule, SleepSchedule
from hypothesis import given
from hypothesis import strategies as st


def at(day: int, time: str) -> datetime:
    """A moment of a week; day 0 is a Monday."""
    hour, minute = time.split(":")
    return datetime(2026, 6, 1 + day, int(hour), int(minute))


@pytest.mark.parametrize(
    ("text", "day", "time", "sleeps"),
    [
        ("mo-fr 09:00-18:00", 0, "09:00", True),
        ("mo-fr 09:00-18:00", 0, "08:59", False),
        ("mo-fr 09:00-18:00", 4, "17:59", True),
        ("mo-fr 09:00-18:00", 4, "18:00", False),
        ("mo-fr 09:00-18:00", 5, "12:00", False),
        ("09:00-18:00", 6, "12:00", True),
        ("sa 22:00-06:00", 5, "23:00", True),
        ("sa 22:00-06:00", 6, "05:59", True),
        ("sa 22:00-06:00", 6, "06:00", False),
        ("sa 22:00-06:00", 5, "05:00", False),
        ("su 22:00-06:00", 0, "03:00", True),
        ("fr-mo 10:00-11:00", 6, "10:30", True),
        ("fr-mo 10:00-11:00", 2, "10:30", False),
        ("mo we fr 10:00-11:00", 2, "10:30", True),
        ("mo we fr 10:00-11:00", 1, "10:30", False),
        ("mo-fr 09:00-12:00, sa 10:00-11:00", 5, "10:15", True),
        ("MO 00:00-24:00", 0, "23:59", True),
        ("", 0, "12:00", False),
    ],
)
def test_when_a_worker_sleeps(text: str, day: int, time: str, sleeps: bool) -> None:
    assert SleepSchedule.parse(text).sleeps_at(at(day, time)) is sleeps


@given(st.integers(0, 1439), st.integers(1, 1439), st.integers(0, 6), st.integers(0, 10079))
def test_a_span_over_midnight_covers_its_length_and_no_more(start: int, length: int, day: int, moment: int) -> None:
    end = (start + length) % 1440
    names = ("mo", "tu", "we", "th", "fr", "sa", "su")
    text = f"{names[day]} {start // 60:02}:{start % 60:02}-{end // 60:02}:{end % 60:02}"
    since = (moment - (day * 1440 + start)) % 10080
    when = at(moment // 1440, f"{moment % 1440 // 60}:{moment % 60}")
    assert SleepSchedule.parse(text).sleeps_at(when) is (since < length)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("at night", "cannot be read"),
        ("mo-fr", "cannot be read"),
        ("xx 09:00-10:00", "no day 'xx'"),
        ("mo-xx 09:00-10:00", "no day 'mo-xx'"),
        ("mo 25:00-26:00", "no time 25:00"),
        ("mo 09:00-24:30", "no time 24:30"),
        ("mo 09:61-10:00", "no time 09:61"),
    ],
)
def test_what_cannot_be_read_is_one_sentence(text: str, says: str) -> None:
    with pytest.raises(BadSchedule, match=says) as caught:
        SleepSchedule.parse(text)
    assert "\n" not in str(caught.value)
