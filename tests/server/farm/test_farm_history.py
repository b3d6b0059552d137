"""What the farm and its workers did, summed up as it happened."""

from __future__ import annotations

from typing import Any

import pytest
from flamenco_server.modules.farm.recording import trim
from server_farm import Site, on_both
from sqlalchemy import text

SLOT = 300
FRAME = {"frame": 1, "total": 60.0, "render": 50.0, "memory_mb": 10}


def history(site: Site, **query: Any) -> Any:
    return site.by("viewer")("GET", "/api/farm/history", query_string=query).json


def of_worker(site: Site, worker: str, **query: Any) -> Any:
    return site.by("viewer")("GET", f"/api/workers/{worker}/history", query_string=query).json


@on_both
def test_what_ended_counts_where_it_was_done(site: Site) -> None:
    site.clock.now = 1_800_000_000.0 + 100  # 100 s into a slot
    site.worker("M1-a", "M1-b")
    site.submit()
    done, failed = site.task("M1-a"), site.task("M1-b")
    site.clock.now += 150
    site.finish(done, timings=[{**FRAME, "total": 150.0}])
    site.clock.now += 150
    site.finish(failed, status="failed", reason="no")
    shown = history(site, hours=1, slot_minutes=5)
    assert shown["slot_seconds"] == SLOT
    assert shown["busy_seconds"][-2:] == [350.0, 100.0], "300 s of work of the one lie in two slots"
    assert (shown["completed"][-2:], shown["failed"][-2:], shown["frames"][-2:]) == ([1, 0], [0, 1], [1, 0])
    assert shown["workers"][-2:] == [2, 1], "the first was not heard of for 150 s"
    assert shown["workers"][0] is None, "nobody said how many there were"
    assert of_worker(site, "M1-a")["busy_seconds"][-1] == 150.0
    assert of_worker(site, "M1-b")["failed"][-1] == 1
    assert len(of_worker(site, "M1-b", hours=24)["at"]) == 25


@on_both
def test_what_goes_on_counts_too(site: Site) -> None:
    site.worker("M1-a")
    site.submit()
    site.task("M1-a")
    site.clock.now += 420
    shown = history(site, hours=1, slot_minutes=5)
    assert (shown["busy_seconds"][-2:], shown["completed"][-2:]) == ([300.0, 120.0], [0, 0])
    assert sum(of_worker(site, "M1-a")["busy_seconds"]) == 420.0


@on_both
def test_a_lease_that_ran_out_is_a_loss_of_its_worker(site: Site) -> None:
    site.worker("M1-a", "M1-b")
    site.submit()
    site.task("M1-a")
    site.clock.now += 301
    site.task("M1-b")
    assert of_worker(site, "M1-a")["lost"][-1] == 1
    assert sum(history(site)["lost"]) == 1


def test_a_run_that_a_worker_gave_back_is_neither_failed_nor_lost(site: Site) -> None:
    site.worker("M1-a")
    site.submit()
    site.finish(site.task("M1-a"), status="canceled")
    shown = history(site)
    assert (sum(shown["completed"]), sum(shown["failed"]), sum(shown["lost"])) == (0, 0, 0)


def test_workers_never_worked_longer_than_they_were_there(site: Site) -> None:
    site.worker("M1-a")
    site.submit()
    site.finish(site.task("M1-a"), timings=[{**FRAME, "total": 100_000.0}])
    assert max(history(site)["busy_seconds"]) <= 900.0 * 1


def test_a_long_while_has_few_slots_and_many_managers_add_up(site: Site) -> None:
    made = site.by("admin")("POST", "/api/managers", json={"name": "hall"}).json
    site.tokens["hall"] = made["token"]
    site.worker("M1-a")
    site.worker("H-a", "H-b", manager="hall")
    assert history(site, hours=1, slot_minutes=5)["workers"][-1] == 3
    assert {hours: history(site, hours=hours)["slot_seconds"] for hours in (1, 24, 72, 168, 744)} == {
        1: 300, 24: 300, 72: 900, 168: 3600, 744: 21600,
    }  # fmt: skip
    assert len(history(site, hours=744)["at"]) <= 300


@on_both
def test_old_sums_go_and_newer_ones_stay(site: Site) -> None:
    site.worker("M1-a")
    site.submit()
    site.finish(site.task("M1-a"))
    tables = ("work_slots", "worker_hours")
    for later, left in ((0.0, (1, 1)), (40 * 86400.0, (0, 1)), (100 * 86400.0, (0, 0))):
        with site.database.writing() as session:
            trim(session, site.clock.now + later)
            assert (
                tuple(session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() for table in tables) == left
            )


@pytest.mark.parametrize("query", ["hours=0", "hours=9999", "hours=nan", "slot_minutes=-5", "slots=1"])
def test_odd_questions_are_refused(site: Site, query: str) -> None:
    assert site.by("viewer")("GET", f"/api/farm/history?{query}").status_code == 422


def test_a_worker_that_is_none_has_no_history(site: Site) -> None:
    assert site.by("viewer")("GET", "/api/workers/none/history").status_code == 404
