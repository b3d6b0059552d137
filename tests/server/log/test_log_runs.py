"""The logs of runs: wishes go down to managers, pieces come up, people read."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flamenco_common.documents import LogChunk, LogWish
from flamenco_server.modules.log import run_log
from flamenco_server.modules.log.service import store_chunks, wishes
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from processes import new_database, shared_postgres
from server_parts import Farm, make_farm

LOG = "Fra:1 Mem:20M | Zeit: 00:01\nGespeichert: „Bild“ – ✓ 🎬\n" * 20
RAW = LOG.encode()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=[pytest.mark.real, pytest.mark.postgres])])
def farm(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Farm]:
    """On both databases."""
    url = new_database(shared_postgres(), tmp_path.name) if request.param == "postgres" else ""
    made = make_farm(tmp_path, url)
    yield made
    made.database.close()


@pytest.fixture
def run(farm: Farm) -> str:
    return f"run-{farm.job()}"


def read(farm: Farm, run: str, offset: int = 0) -> dict[str, Any]:
    answer = farm.by("viewer")("GET", f"/api/runs/{run}/log?offset={offset}")
    assert answer.status_code == 200
    return answer.json  # type: ignore[no-any-return]


def asked(farm: Farm, manager: int = 1) -> list[LogWish]:
    with farm.database.reading() as session:
        return wishes(session, manager, farm.clock.now)


def bring(
    farm: Farm, run: str, start: int, stop: int, finished: bool = False, size: int = len(RAW), manager: int = 1
) -> None:
    chunk = LogChunk(run, start, RAW[start:stop].decode(), size, finished)
    with farm.database.writing() as session:
        store_chunks(session, manager, [chunk], farm.clock.now)


def test_nothing_is_asked_of_a_manager_until_somebody_reads(farm: Farm, run: str) -> None:
    assert asked(farm) == []
    answer = read(farm, run)
    assert (answer["text"], answer["available"], answer["finished"]) == ("", False, False)
    assert asked(farm) == [LogWish(run, 0)]
    assert asked(farm, manager=2) == []


def test_what_was_brought_is_read_and_the_rest_is_asked_for(farm: Farm, run: str) -> None:
    read(farm, run)
    bring(farm, run, 0, 10)
    assert asked(farm) == [LogWish(run, 10)]
    answer = read(farm, run, 4)
    assert (answer["text"], answer["offset"], answer["next"]) == (LOG[4:10], 4, 10)
    assert (answer["available"], answer["finished"], answer["size"]) == (True, False, len(RAW))


def test_a_whole_log_of_a_run_that_is_over_is_served_at_once_and_never_asked_for_again(farm: Farm, run: str) -> None:
    read(farm, run)
    bring(farm, run, 0, len(RAW), finished=True)
    farm.clock.now += 1000
    answer = read(farm, run)
    assert (answer["text"], answer["finished"]) == (LOG, True)
    assert asked(farm) == []


def test_a_log_that_nobody_reads_any_more_is_not_brought_on(farm: Farm, run: str) -> None:
    read(farm, run)
    farm.clock.now += run_log.WISH_SECONDS - 1
    assert asked(farm) == [LogWish(run, 0)]
    farm.clock.now += 2
    assert asked(farm) == []
    read(farm, run)
    assert asked(farm) == [LogWish(run, 0)]


def test_pieces_that_repeat_or_leave_a_gap_change_nothing(farm: Farm, run: str) -> None:
    read(farm, run)
    bring(farm, run, 0, 20)
    bring(farm, run, 0, 10)
    bring(farm, run, 25, 27)
    bring(farm, run, 10, 28)
    answer = read(farm, run)
    assert answer["text"] == RAW[:28].decode()


def test_a_log_that_nobody_asked_for_is_not_kept(farm: Farm, run: str) -> None:
    bring(farm, run, 0, 10)
    assert read(farm, run)["text"] == ""


def test_a_manager_cannot_write_the_log_of_anothers_run(farm: Farm, run: str) -> None:
    read(farm, run)
    bring(farm, run, 0, len(RAW), finished=True, manager=2)
    assert read(farm, run)["text"] == ""


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(0, len(LOG)), max_size=5), most=st.integers(25, 400))
def test_however_it_is_cut_the_reader_gets_the_very_log(farm: Farm, cuts: list[int], most: int) -> None:
    run = f"run-{farm.job()}"
    read(farm, run)
    ends = sorted({0, *(len(LOG[:cut].encode()) for cut in cuts), len(RAW)})
    for start, stop in itertools.pairwise(ends):
        bring(farm, run, start, stop, finished=stop == len(RAW))
    text, offset, answer = "", 0, {"finished": False}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_log, "MOST_BYTES", most)
        while not answer["finished"]:
            answer = read(farm, run, offset)
            assert answer["next"] > offset
            text, offset = text + answer["text"], answer["next"]
    assert text == LOG


def test_old_copies_go_and_the_manager_is_asked_again(farm: Farm, run: str) -> None:
    read(farm, run)
    bring(farm, run, 0, len(RAW), finished=True)
    with farm.database.writing() as session:
        run_log.trim(session, farm.clock.now + 1)
    assert read(farm, run)["available"] is False
    assert asked(farm) == [LogWish(run, 0)]


def test_the_log_of_an_unknown_run_is_a_404_and_a_bad_offset_a_422(farm: Farm, run: str) -> None:
    assert farm.by("viewer")("GET", "/api/runs/nobody/log").status_code == 404
    assert farm.by("viewer")("GET", f"/api/runs/{run}/log?offset=-1").status_code == 422
    assert farm.by("nobody")("GET", f"/api/runs/{run}/log").status_code == 401


def test_many_readers_at_once_leave_one_wish(farm: Farm, run: str) -> None:
    answers: list[dict[str, Any]] = []
    readers = [threading.Thread(target=lambda: answers.append(read(farm, run))) for _ in range(8)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join(20)
    assert len(answers) == 8
    assert asked(farm) == [LogWish(run, 0)]
