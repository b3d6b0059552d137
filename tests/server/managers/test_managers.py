"""Managers and the mirror of their workers."""

from __future__ import annotations

from typing import Any

from server_farm import ABILITIES, Site, on_both, update

pytestmark = on_both


def test_a_manager_is_made_renamed_disabled_and_removed(site: Site) -> None:
    admin = site.by("admin")
    made = admin("POST", "/api/managers", json={"name": "hall"}).json
    site.tokens["hall"] = made["token"]
    assert admin("POST", "/api/managers", json={"name": "hall"}).status_code == 409
    site.worker(f"M{made['id']}-a", manager="hall")
    assert admin("PATCH", f"/api/managers/{made['id']}", json={"name": "cellar"}).json["workers"] == 1
    assert admin("PATCH", f"/api/managers/{made['id']}", json={"enabled": False}).json["enabled"] is False
    assert site.by("hall")("GET", "/api/me").status_code == 401
    assert admin("DELETE", f"/api/managers/{made['id']}").status_code == 204
    assert site.by("viewer")("GET", "/api/workers").json["items"] == []


def test_a_worker_is_mirrored_once_and_shows_what_it_does(site: Site) -> None:
    site.submit()
    site.worker("M1-a", tags=["gpu"])
    site.worker("M1-a", tags=["gpu", "big"], reason="all well")
    task = site.task("M1-a")
    (worker,) = site.by("viewer")("GET", "/api/workers?tag=big&state=awake&manager=1").json["items"]
    assert (worker["tags"], worker["tasks"], worker["reason"]) == (["gpu", "big"], [task["task_id"]], "all well")
    assert worker["abilities"]["memory_mb"] == 8000
    assert site.by("viewer")("GET", "/api/workers?tag=bi").json["items"] == []


def test_a_worker_says_what_it_works_on_and_what_it_did_lately(site: Site) -> None:
    job = site.submit(name="A <shot>")
    site.worker("M1-a")
    frame = {"frame": 1, "total": 40.0, "render": 1.0, "memory_mb": 1}
    site.finish(site.task("M1-a"), timings=[frame])
    task = site.task("M1-a")
    site.report(update(task, 1, progress=0.5, activity="Sample 5 of 10"))
    (worker,) = site.by("viewer")("GET", "/api/workers").json["items"]
    (now,) = worker["current"]
    assert (now["task"], now["run"], now["job"]) == (task["task_id"], task["run_id"], job)
    assert (now["job_name"], now["step"], now["label"]) == ("A <shot>", "render", "2")
    assert (now["progress"], now["activity"]) == (0.5, "Sample 5 of 10")
    assert worker["last_day"] == {"busy_seconds": 40.0, "completed": 1, "failed": 0, "lost": 0, "frames": 1}


def test_a_manager_cannot_change_the_worker_of_another(site: Site) -> None:
    site.tokens["other"] = site.by("admin")("POST", "/api/managers", json={"name": "other"}).json["token"]
    site.worker("M1-a")
    site.worker("M1-a", manager="other", state="offline")
    assert site.by("viewer")("GET", "/api/workers/M1-a").json["state"] == "awake"


def test_a_silent_worker_counts_as_offline_and_an_asking_one_does_not(site: Site) -> None:
    site.worker("M1-a", "M1-b")
    for _ in range(3):
        site.clock.now += 60
        site.claim("M1-a")
    states = {item["id"]: item["state"] for item in site.by("viewer")("GET", "/api/workers").json["items"]}
    assert states == {"M1-a": "awake", "M1-b": "offline"}


def test_orders_are_checked(site: Site) -> None:
    site.worker("M1-a")
    order = site.by("supervisor")
    assert order("POST", "/api/workers/M1-a/orders", json={"schedule": "always"}).json["field"] == "schedule"
    assert order("POST", "/api/workers/M1-a/orders", json={"state": "dance"}).json["field"] == "state"
    assert order("POST", "/api/workers/none/orders", json={}).status_code == 404
    assert site.by("artist")("POST", "/api/workers/M1-a/orders", json={}).status_code == 403


def test_a_disabled_worker_gets_no_more_work_even_before_its_manager_knows(site: Site) -> None:
    site.submit()
    site.worker("M1-a")
    site.by("supervisor")("POST", "/api/workers/M1-a/orders", json={"enabled": False})
    assert site.task("M1-a") is None


def test_a_restart_that_was_done_is_wished_no_more(site: Site) -> None:
    site.worker("M1-a")

    def wished() -> str:
        return str(site.by("viewer")("GET", "/api/workers/M1-a").json["orders"]["state"])

    def report(revision: int, **more: Any) -> None:
        told = {"worker_id": "M1-a", "name": "M1-a", "state": "awake", "abilities": ABILITIES, **more}
        site.report(workers=[told], revision=revision)

    for _ in range(2):
        site.by("supervisor")("POST", "/api/workers/M1-a/orders", json={"state": "restart", "tags": ["fast"]})
        (wish,) = site.claim("M1-a")["orders"]["workers"][-1:]
        report(wish["revision"])
        report(wish["revision"], done="shutdown")
        report(wish["revision"] - 1, done="restart")  # an earlier one
        assert wished() == "restart"
        report(wish["revision"], done="restart", state="offline")
        assert wished() == "run"
