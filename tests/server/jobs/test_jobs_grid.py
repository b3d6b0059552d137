"""All tasks of a job at once, as columns."""

from __future__ import annotations

from server_farm import Site, on_both

pytestmark = on_both


def columns(site: Site, job: int, what: str) -> dict:
    """An answer of columns, which all have an entry a row."""
    answer = site.by("viewer")("GET", f"/api/jobs/{job}/{what}").json
    assert len({len(column) for name, column in answer.items() if name not in ("steps", "workers")}) == 1
    return answer


def test_grid_has_an_entry_for_each_task(site: Site) -> None:
    job = site.submit()
    site.worker("M1-a", "M1-b")
    site.finish(site.task("M1-b"))
    site.task("M1-a")
    grid = columns(site, job, "grid")
    assert grid["label"][:3] == ["1", "2", "3"]
    assert grid["status"] == "cpqw"
    assert [grid["workers"][each] if each >= 0 else "" for each in grid["worker"]] == ["M1-b", "M1-a", "", ""]
    assert len(grid["steps"]) == 2 and grid["step"] == [0, 0, 0, 1]


def test_times_are_those_of_completed_runs(site: Site) -> None:
    job = site.submit()
    site.worker("M1-a")
    assert columns(site, job, "times")["task"] == []
    first = site.task("M1-a")
    site.clock.now += 7
    site.finish(first)
    times = columns(site, job, "times")
    assert times["task"] == [first["task_id"]] and times["seconds"] == [7.0] and times["workers"] == ["M1-a"]


def test_no_grid_of_a_job_that_is_not_there(site: Site) -> None:
    for what in ("grid", "times"):
        answer = site.by("viewer")("GET", f"/api/jobs/99/{what}")
        assert answer.status_code == 404 and answer.json["detail"] == "there is no job 99"
