"""What goes on now, when the queue is empty, and what somebody should look at."""

from __future__ import annotations

from typing import Any

import pytest
from flamenco_server.modules.farm import service
from server_farm import Site, on_both
from server_parts import sha
from sqlalchemy import event, text


def farm(site: Site) -> Any:
    """The farm as it is now, not as it was a moment ago."""
    site.app.extensions["flamenco.farm"]._last = None
    answer = site.by("viewer")("GET", "/api/farm")
    assert answer.status_code == 200, answer.json
    return answer.json


def kinds(site: Site) -> list[str]:
    return [alert["kind"] for alert in farm(site)["alerts"] if alert["kind"] != "disk low"]


def alert(site: Site, kind: str) -> Any:
    (found,) = [alert for alert in farm(site)["alerts"] if alert["kind"] == kind]
    return found


def alive(site: Site, *workers: str) -> None:
    """Time goes by, and these are heard of."""
    site.claim(*workers, lease=f"alive-{site.clock.now}")


@on_both
def test_paused_and_failed_jobs_count_as_they_come_and_go(site: Site) -> None:
    def jobs() -> tuple[int, int]:
        shown = farm(site)["jobs"]
        return shown["paused"], shown["failed"]

    def change(job: int, **what: object) -> None:
        assert site.by("supervisor")("PATCH", f"/api/jobs/{job}", json=what).status_code == 200

    first, second = site.submit(paused=True), site.submit(settings={"frames": "1"})
    assert jobs() == (1, 0)
    site.act(first, "resume")
    site.act(second, "pause")
    site.act(first, "pause")
    assert jobs() == (2, 0)
    change(first, archived=True)
    change(first, archived=True, name="still aside")
    assert jobs() == (1, 0)
    site.act(first, "resume")
    change(first, archived=False)
    site.act(first, "cancel")
    site.act(second, "resume")
    site.worker("M1-a")
    while (task := site.task("M1-a")) is not None:
        site.finish(task, "failed", reason="no camera")
    assert jobs() == (0, 1)
    site.act(second, "requeue", failed=True)
    assert jobs() == (0, 0)
    site.act(second, "pause")
    assert site.by("supervisor")("DELETE", f"/api/jobs/{second}").status_code == 204
    assert jobs() == (0, 0)


def test_an_empty_farm_is_all_zero_and_nothing_is_wrong(site: Site) -> None:
    shown = farm(site)
    assert set(shown["workers"].values()) == set(shown["jobs"].values()) == set(shown["tasks"].values()) == {0}
    assert shown["queue"] == {"seconds": None, "work_seconds": 0.0, "unmeasured_tasks": 0}
    assert shown["last_hour"]["busy_share"] is None
    assert kinds(site) == []


@on_both
def test_workers_jobs_and_tasks_are_told_by_state(site: Site) -> None:
    site.worker("M1-a", "M1-b")
    site.worker("M1-c", state="asleep")
    site.worker("M1-d", enabled=False)
    site.worker("M1-e", state="offline")
    job = site.submit()
    site.act(site.submit(), "pause")
    site.task("M1-a")
    shown = farm(site)
    assert shown["workers"] == {"awake": 2, "asleep": 1, "offline": 1, "error": 0, "disabled": 1, "busy": 1}
    assert shown["jobs"] == {"queued": 0, "processing": 1, "paused": 1, "failed": 0}
    assert shown["tasks"] == {"waiting": 1, "queued": 2, "processing": 1}
    site.act(job, "cancel")
    assert farm(site)["jobs"]["processing"] == 0


@on_both
def test_the_last_hour_says_what_was_done_and_how_busy_all_were(site: Site) -> None:
    site.clock.now = 1_800_000_000.0
    site.worker("M1-a", "M1-b")
    site.submit()
    task = site.task("M1-a")
    site.clock.now += 300
    site.finish(task, timings=[{"frame": 1, "total": 300.0, "render": 1.0, "memory_mb": 1}])
    last = farm(site)["last_hour"]
    assert (last["frames"], last["completed"], last["failed"], last["lost"]) == (1, 1, 0, 0)
    assert last["busy_share"] == pytest.approx(0.5), "one of two"


def test_when_the_queue_is_empty_follows_from_measured_times(site: Site) -> None:
    site.worker("M1-a", "M1-b")
    site.submit(settings={"frames": "1-9", "preview": False})
    assert farm(site)["queue"] == {"seconds": None, "work_seconds": 0.0, "unmeasured_tasks": 9}
    task = site.task("M1-a")
    site.clock.now += 60
    site.finish(task)
    queue = farm(site)["queue"]
    assert queue == {"seconds": 8 * 60 / 2, "work_seconds": 480.0, "unmeasured_tasks": 0}
    site.submit(settings={"frames": "1-4", "preview": False})
    assert farm(site)["queue"]["seconds"] == 12 * 60 / 2, "another job of the type is taken to be like it"
    site.submit(type="blending", storage="shared", blend="a.blend", settings={"frames": "1-5"})
    assert farm(site)["queue"]["unmeasured_tasks"] == 5, "of this type nothing was measured"


def test_a_job_that_may_have_one_worker_takes_as_long_as_that_one_needs(site: Site) -> None:
    site.worker("M1-a", "M1-b")
    site.submit(settings={"frames": "1-9", "preview": False}, max_workers=1)
    task = site.task("M1-a")
    site.clock.now += 60
    site.finish(task)
    assert farm(site)["queue"]["seconds"] == 8 * 60


@on_both
def test_storage_says_what_the_files_take(site: Site) -> None:
    for data in (b"one", b"two two", b"one"):
        site.by("artist")("PUT", f"/api/files/{sha(data)}", data=data)
    storage = farm(site)["storage"]
    assert (storage["files"], storage["files_bytes"]) == (2, 10)
    assert 0 < storage["disk_free_bytes"] < storage["disk_bytes"]
    site.clock.now += 3 * 86400
    site.files.collector.collect()
    storage = farm(site)["storage"]
    assert (storage["files"], storage["files_bytes"]) == (0, 0)
    site.by("artist")("PUT", f"/api/files/{sha(b'one')}", data=b"one")
    assert farm(site)["storage"]["files_bytes"] == 3


def test_a_collection_mends_sums_that_drifted(site: Site) -> None:
    site.by("artist")("PUT", f"/api/files/{sha(b'one')}", data=b"one")
    with site.database.writing() as session:
        session.execute(text("UPDATE totals SET value = 77 WHERE name NOT LIKE '% jobs'"))
    site.files.collector.collect()
    storage = farm(site)["storage"]
    assert (storage["files"], storage["files_bytes"]) == (1, 3)


# ---- what somebody should look at ----


def test_jobs_without_any_worker_are_told_at_once(site: Site) -> None:
    job = site.submit()
    assert alert(site, "no workers") == {
        "kind": "no workers", "text": "1 job waits, and no worker takes work.", "about": "farm", "ids": [str(job)],
        "since": None,
    }  # fmt: skip
    site.worker("M1-a")
    assert kinds(site) == []


@on_both
def test_jobs_that_no_worker_can_do_are_stuck_and_told_together(site: Site) -> None:
    site.worker("M1-a")
    stuck = [site.submit(tags=["gpu"]) for _ in range(2)]
    fine = site.submit()
    assert kinds(site) == [], "not yet"
    site.clock.now += 121
    alive(site, "M1-a")
    found = alert(site, "stuck job")
    assert found["ids"] == [str(job) for job in stuck]
    assert str(fine) not in found["ids"]
    assert found["text"].startswith("2 jobs are stuck. No worker can do its step 'render'")
    assert "M1-a" in found["text"]


def test_jobs_that_wait_for_busy_workers_are_not_stuck(site: Site) -> None:
    site.worker("M1-a")
    site.submit()
    site.submit()
    site.task("M1-a")
    site.clock.now += 121
    alive(site, "M1-a")
    assert kinds(site) == []


def test_a_worker_that_fell_silent_is_told_and_one_that_signed_off_is_not(site: Site) -> None:
    site.worker("M1-a")
    site.worker("M1-b", state="offline")
    site.worker("M1-c", enabled=False)
    site.clock.now += 180
    alive(site)
    found = alert(site, "silent worker")
    assert (found["ids"], found["text"]) == (["M1-a"], "M1-a fell silent 3 minutes ago.")


@on_both
def test_a_silent_manager_is_told(site: Site) -> None:
    site.worker("M1-a")
    site.clock.now += 7200
    found = alert(site, "silent manager")
    assert (found["about"], found["text"]) == ("manager", "The manager site was not heard of for 2 hours.")


def test_a_manager_whose_workers_all_signed_off_may_be_silent(site: Site) -> None:
    site.worker("M1-a", state="offline")
    site.clock.now += 7200
    assert kinds(site) == []


def test_a_worker_that_fails_again_and_again_is_told(site: Site) -> None:
    site.worker("M1-a")
    site.submit()
    for _ in range(3):
        site.finish(site.task("M1-a"), status="failed", reason="no")
    assert alert(site, "failing worker")["text"] == "M1-a failed 3 tasks in a row."
    with site.database.writing() as session:
        session.execute(text("UPDATE workers SET faulty = 'it failed 5 tasks of 2 jobs in a row'"))
    assert alert(site, "failing worker")["text"] == "M1-a was set aside: it failed 5 tasks of 2 jobs in a row."


@on_both
def test_a_run_that_takes_many_times_as_long_as_others_is_told(site: Site) -> None:
    site.worker("M1-a")
    site.submit(settings={"frames": "1-9"})
    for _ in range(3):
        task = site.task("M1-a")
        site.clock.now += 30
        site.finish(task)
    task = site.task("M1-a")
    site.clock.now += 599
    site.report(alive=[task["run_id"]])
    assert "long run" not in kinds(site)
    site.clock.now += 2
    site.report(alive=[task["run_id"]])
    found = alert(site, "long run")
    assert found["ids"] == [task["run_id"]]
    assert found["text"] == "M1-a has worked on a task of 'render' for 10 minutes; others took 30 seconds."


def test_a_full_disk_is_told(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = service.shutil.disk_usage("/")
    monkeypatch.setattr(service.shutil, "disk_usage", lambda _: type(disk)(10**12, 10**12 - 4 * 10**9, 4 * 10**9))
    assert alert(site, "disk low")["text"] == "The disk of the farm's files has 4.0 GB left of 1000 GB."
    monkeypatch.setattr(service.shutil, "disk_usage", lambda _: type(disk)(10**12, 0, 10**11))
    assert "disk low" not in [each["kind"] for each in farm(site)["alerts"]]


def test_many_who_look_cost_as_much_as_one_and_tasks_are_not_counted(site: Site) -> None:
    site.worker("M1-a")
    for _ in range(3):
        site.submit()
    site.task("M1-a")
    said: list[str] = []
    farm(site)
    event.listen(site.database.engine, "before_cursor_execute", lambda *args: said.append(args[2]))
    for _ in range(20):
        site.by("viewer")("GET", "/api/farm")
    assert [statement for statement in said if "tokens" not in statement] == [], "it was read a moment ago"
    farm(site)
    assert said
    unbounded = [each for each in said if "count(" in each.lower() and "limit" not in each.lower()]
    assert unbounded == []
    assert not [each for each in said if "FROM tasks" in each and "processing" not in each]
