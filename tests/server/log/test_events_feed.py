"""The event table as an ordered feed: nothing is left out, nothing comes twice, ids never go back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flamenco_server.modules.log.feed import HOLD_SECONDS, LOOK_BACK, REMEMBER_SECONDS, EventTable, Sent, Sequencer
from flamenco_server.modules.log.service import Event, emit
from hypothesis import given
from hypothesis import strategies as st
from processes import new_database, shared_postgres
from server_parts import Farm, make_farm
from sqlalchemy import text


def row(number: int) -> Sent:
    return Sent(number, None, "job", b"{}")


def ids(events: list[Sent]) -> list[int]:
    return [event.id for event in events]


def test_events_go_out_in_order_at_once_when_none_is_missing() -> None:
    sequencer = Sequencer(10, [], 0.0)
    assert ids(sequencer.accept([row(12), row(11)], 0.0)) == [11, 12]
    assert sequencer.head == 12


def test_an_event_waits_for_one_with_a_lower_number() -> None:
    sequencer = Sequencer(10, [], 0.0)
    assert ids(sequencer.accept([row(12), row(13)], 0.0)) == []
    assert sequencer.wanted() == (13, [11])
    assert ids(sequencer.accept([row(11)], 0.2)) == [11, 12, 13]


def test_a_number_that_never_comes_holds_the_others_for_a_moment_only() -> None:
    sequencer = Sequencer(10, [], 0.0)
    sequencer.accept([row(12)], 0.0)
    assert ids(sequencer.accept([], HOLD_SECONDS + 0.1)) == [12]


def test_one_that_comes_very_late_is_sent_without_an_id() -> None:
    sequencer = Sequencer(10, [], 0.0)
    sequencer.accept([row(12)], 0.0)
    sequencer.accept([], HOLD_SECONDS + 0.1)
    (late,) = sequencer.accept([row(11)], HOLD_SECONDS + 1)
    assert late.encoded.startswith(b"event: job\n")
    assert sequencer.head == 12
    assert sequencer.accept([row(11)], HOLD_SECONDS + 2) == []


def test_a_gap_is_forgotten_in_the_end() -> None:
    sequencer = Sequencer(10, [], 0.0)
    sequencer.accept([row(12)], 0.0)
    sequencer.accept([], REMEMBER_SECONDS + 1)
    assert sequencer.wanted() == (12, [])


@given(st.data())
def test_whatever_the_order_of_commits_each_event_goes_out_once_and_ids_grow(data: st.DataObject) -> None:
    numbers = data.draw(st.permutations(range(1, 30)))
    skipped = data.draw(st.sets(st.integers(1, 29), max_size=5))
    sequencer, out, now = Sequencer(0, [], 0.0), [], 0.0
    committed: list[int] = []
    for number in numbers:
        if number in skipped:
            continue
        committed.append(number)
        now += data.draw(st.sampled_from([0.0, 0.1, 0.6]))
        after, gaps = sequencer.wanted()
        out += sequencer.accept([row(one) for one in committed if one > after or one in gaps], now)
    out += sequencer.accept([], now + HOLD_SECONDS + 1)
    assert sorted(ids(out)) == sorted(set(numbers) - skipped)
    with_id = [event.id for event in out if not event.late]
    assert with_id == sorted(with_id)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=[pytest.mark.real, pytest.mark.postgres])])
def both(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Farm]:
    url = new_database(shared_postgres(), tmp_path.name) if request.param == "postgres" else ""
    farm = make_farm(tmp_path, url)
    yield farm
    farm.database.close()


def happen(farm: Farm, *jobs: int) -> None:
    with farm.database.writing() as session:
        emit(session, [Event("job", str(job), job, {"state": "queued"}) for job in jobs])


def test_the_table_gives_what_happened_after_an_event(both: Farm) -> None:
    table = EventTable(both.database)
    happen(both, 1, 2)
    sequencer = table.start(0.0)
    happen(both, 1, 2, 1)
    assert [event.job_id for event in sequencer.accept(table.read(*sequencer.wanted()), 0.0)] == [1, 2, 1]
    assert ids(table.between(0, sequencer.head, 1)) == [1, 3, 5]
    assert table.read(*sequencer.wanted()) == []


def test_trimming_forgets_the_old_but_never_the_newest(both: Farm) -> None:
    table = EventTable(both.database)
    happen(both, *range(1, 21))
    with both.database.writing() as session:
        session.execute(text("UPDATE events SET at = id"))
    assert table.trim(before=11) == 10
    assert table.oldest() == 11
    assert table.trim(before=1e12) == 9
    assert table.oldest() == 20
    assert table.start(0.0).head == 20


def test_gaps_below_the_newest_are_found_when_a_feed_starts(both: Farm) -> None:
    happen(both, *range(1, 11))
    with both.database.writing() as session:
        session.execute(text("DELETE FROM events WHERE id IN (4, 7)"))
    assert EventTable(both.database).start(0.0).wanted() == (10, [4, 7])
    assert LOOK_BACK > 100


@pytest.mark.real
@pytest.mark.postgres
def test_a_transaction_that_commits_late_on_postgresql_is_not_passed_over(tmp_path: Path) -> None:
    farm = make_farm(tmp_path, new_database(shared_postgres(), "late_commit"))
    table = EventTable(farm.database)
    happen(farm, 1)
    sequencer = table.start(0.0)
    with farm.database.writing() as slow:
        emit(slow, [Event("job", "2", 2)])
        happen(farm, 3)
        assert sequencer.accept(table.read(*sequencer.wanted()), 0.0) == []
    out = sequencer.accept(table.read(*sequencer.wanted()), 0.2)
    assert [event.job_id for event in out] == [2, 3]
    farm.database.close()
