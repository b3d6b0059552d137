"""Reports: what becomes of runs, tasks and jobs."""

from __future__ import annotations

from typing import Any

import pytest
from flamenco_server.modules.files.models import File
from server_farm import Site, on_both, update
from server_parts import sha

pytestmark = on_both


def output(path: str = "f/0001.png", data: bytes = b"one", **more: Any) -> dict[str, Any]:
    """An output of a run."""
    return {"path": path, "sha256": sha(data), "size": len(data), "frame": 1, **more}


def test_the_last_task_of_a_step_opens_the_steps_that_wait_and_the_last_of_all_completes_the_job(site: Site) -> None:
    job = site.submit()
    site.worker("M1-a")
    for _ in range(3):
        assert site.counts(job)["waiting"] == 1
        site.finish(site.task("M1-a"))
    assert site.counts(job) == {"completed": 3, "queued": 1}
    preview = site.task("M1-a")
    assert preview["step"] == "preview"
    site.finish(preview)
    assert (site.show(job)["state"], site.show(job)["progress"]) == ("completed", 1.0)
    assert site.show(job)["finished_at"] is not None


def test_a_repeated_update_changes_nothing(site: Site) -> None:
    job = site.submit()
    site.worker("M1-a")
    task = site.task("M1-a")
    timing = {"frame": 1, "total": 2.0, "render": 1.5}
    for _ in range(2):
        assert site.finish(task, timings=[timing], seq=1)["accepted"]
    assert site.counts(job) == {"completed": 1, "queued": 2, "waiting": 1}
    run = site.by("viewer")("GET", f"/api/runs/{task['run_id']}").json
    assert (run["status"], len(run["timings"])) == ("completed", 1)


def test_one_bad_update_fails_no_other(site: Site) -> None:
    job = site.submit()
    site.worker("M1-a", "M1-b")
    tasks = site.claim("M1-a", "M1-b")["tasks"]
    results = site.report(
        {"run_id": "none", "task_id": 1, "seq": 1},
        update(tasks["M1-a"], 1, outputs=[output("../out.png")]),
        update(tasks["M1-b"], 1, status="completed"),
    )["results"]
    assert [result["accepted"] for result in results] == [False, False, True]
    assert "leaves the project's folder" in results[1]["error"]
    assert site.counts(job) == {"completed": 1, "processing": 1, "queued": 1, "waiting": 1}


def test_what_a_run_says_is_kept_and_shown(site: Site) -> None:
    site.submit()
    site.worker("M1-a")
    task = site.task("M1-a")
    commands = [{"command": "files.copy", "target": "/o"}]
    site.report(update(task, 1, progress=0.25, activity="frame 1", commands=commands, peak_memory_mb=700))
    site.report(update(task, 2, log_tail="Fra:1\n", peak_memory_mb=300))
    run = site.by("viewer")("GET", f"/api/runs/{task['run_id']}").json
    assert (run["progress"], run["activity"], run["peak_memory_mb"]) == (0.25, "frame 1", 700)
    assert (run["commands"], run["log_tail"], run["status"]) == (commands, "Fra:1\n", "processing")


def test_a_failed_task_goes_to_another_worker_while_there_is_one(site: Site) -> None:
    site.submit(settings={"frames": "1", "preview": False})
    site.worker("M1-a", "M1-b")
    site.finish(site.task("M1-a"), "failed", reason="no camera")
    assert site.task("M1-a") is None
    assert site.task("M1-b")["attempt"] == 2


def test_a_failed_task_goes_to_the_same_worker_if_no_other_could_do_it(site: Site) -> None:
    site.submit(settings={"frames": "1", "preview": False, "memory_mb": 6000})
    site.worker("M1-a")
    site.worker("M1-b", abilities={"memory_mb": 100})
    site.finish(site.task("M1-a"), "failed", reason="no camera")
    assert site.task("M1-a")["attempt"] == 2


def test_a_worker_that_failed_the_first_task_gets_the_next_one(site: Site) -> None:
    site.submit()
    site.worker("M1-a", "M1-b")
    first = site.task("M1-a")
    site.finish(first, "failed", reason="x")
    assert site.task("M1-a")["task_id"] == first["task_id"] + 1


def test_a_task_fails_for_good_when_its_retries_are_spent_and_the_job_says_why(site: Site) -> None:
    job = site.submit(settings={"frames": "1-2"})
    site.worker("M1-a")
    for _ in range(4):
        task = site.task("M1-a")
        bad = task["params"] == {"frames": "1"}
        site.finish(task, "failed" if bad else "completed", reason="no camera" if bad else "")
    shown = site.show(job)
    assert (shown["state"], site.counts(job)) == ("failed", {"completed": 1, "failed": 1, "waiting": 1})
    assert shown["failures"] == [{"reason": "no camera", "count": 3, "tasks": 1, "workers": 1}]
    assert site.task("M1-a") is None


def test_a_lost_run_spends_no_retry_but_a_task_that_machines_keep_losing_fails(site: Site) -> None:
    job = site.submit(settings={"frames": "1", "preview": False})
    site.worker("M1-a")
    for left in range(5, 0, -1):
        assert site.show(job)["state"] != "failed", left
        site.finish(site.task("M1-a"), "lost", reason="the worker died")
    task = site.by("viewer")("GET", f"/api/jobs/{job}/tasks").json["items"][0]
    assert (task["status"], task["failures"], task["losses"]) == ("failed", 0, 5)
    assert "machines lost this task 5 times" in task["reason"]


def test_a_run_that_a_worker_gives_back_costs_nothing(site: Site) -> None:
    job = site.submit(settings={"frames": "1", "preview": False})
    site.worker("M1-a")
    site.finish(site.task("M1-a"), "canceled")
    assert site.counts(job) == {"queued": 1}
    assert site.task("M1-a")["attempt"] == 2


def test_outputs_count_only_once_their_files_are_there(site: Site) -> None:
    data = b"scene"
    site.by("artist")("PUT", f"/api/files/{sha(data)}", data=data)
    files = [{"path": "a", "sha256": sha(data), "size": len(data)}]
    job = site.submit(storage="uploaded", files=files, settings={"frames": "1", "preview": False})
    site.worker("M1-a")
    task = site.task("M1-a")
    refused = site.finish(task, seq=1, outputs=[output(thumbnail=sha(b"small"))])
    assert (refused["accepted"], sorted(refused["missing"])) == (False, sorted([sha(b"one"), sha(b"small")]))
    assert site.counts(job) == {"processing": 1}
    for made in (b"one", b"small"):
        site.by("manager")("PUT", f"/api/files/{sha(made)}", data=made)
    assert site.finish(task, seq=1, outputs=[output(thumbnail=sha(b"small"))])["accepted"]
    assert site.show(job)["thumbnail"] == sha(b"small")


def test_each_frame_is_recorded_once_whoever_made_it_last(site: Site) -> None:
    job = site.submit(settings={"frames": "1", "preview": False})
    site.worker("M1-a")
    first = site.task("M1-a")
    site.report(update(first, 1, outputs=[output()]))
    site.finish(first, "lost")
    second = site.task("M1-a")
    site.finish(second, outputs=[output(data=b"two")])
    items = site.by("viewer")("GET", f"/api/jobs/{job}/outputs").json["items"]
    assert [(item["path"], item["sha256"], item["run"]) for item in items] == [
        ("f/0001.png", sha(b"two"), second["run_id"])
    ]


def test_what_an_output_was_before_is_told_while_its_file_is_here(site: Site) -> None:
    job = site.submit(settings={"frames": "1", "preview": False})
    site.worker("M1-a")
    for data in (b"one", b"small one", b"two"):
        site.by("manager")("PUT", f"/api/files/{sha(data)}", data=data)
    site.finish(site.task("M1-a"), outputs=[output(data=b"one", thumbnail=sha(b"small one"))])
    (made,) = site.by("viewer")("GET", f"/api/jobs/{job}/outputs").json["items"]
    url = f"/api/outputs/{made['id']}/earlier"
    assert site.by("viewer")("GET", url).json["items"] == []
    for data in (b"two", b"two"):  # the same file again is nothing new
        site.act(job, "requeue", frames="1")
        site.finish(site.task("M1-a"), outputs=[output(data=data)])
    (before,) = site.by("viewer")("GET", url).json["items"]
    assert (before["sha256"], before["thumbnail"]) == (sha(b"one"), sha(b"small one"))
    assert (before["output"], before["run"]) == (made["id"], made["run"])
    with site.database.writing() as session:
        session.get_one(File, sha(b"one")).condemned = True
    (before,) = site.by("viewer")("GET", url).json["items"]
    assert (before["sha256"], before["thumbnail"]) == ("", sha(b"small one"))
    assert site.by("viewer")("GET", "/api/outputs/999/earlier").status_code == 404
    assert site.by("supervisor")("DELETE", f"/api/jobs/{job}").status_code == 204


def test_a_step_gets_the_outputs_of_the_step_that_it_waits_for(site: Site) -> None:
    site.submit(settings={"frames": "1"}, files=[{"path": "a", "sha256": sha(b"a"), "size": 1}])
    site.worker("M1-a")

    def files(task: Any) -> Any:
        return site.by("manager")("GET", f"/api/tasks/{task['task_id']}/files").json["files"]

    first = site.task("M1-a")
    assert files(first) == [{"path": "a", "sha256": sha(b"a"), "size": 1}]
    site.finish(first, outputs=[output()])
    # It names what it needs, so the artist's file stays away.
    assert files(site.task("M1-a")) == [
        {"path": "f/0001.png", "sha256": sha(b"one"), "size": 3, "root": "output", "step": "render", "frame": 1}
    ]


def test_a_manager_cannot_report_on_the_runs_of_another(site: Site) -> None:
    job = site.submit()
    site.tokens["other"] = site.by("admin")("POST", "/api/managers", json={"name": "other"}).json["token"]
    site.worker("M1-a")
    task = site.task("M1-a")
    result = site.report(update(task, 1, status="completed"), manager="other")["results"][0]
    assert not result["accepted"]
    assert site.counts(job)["processing"] == 1


def test_an_update_for_another_task_than_the_address_says_is_refused(site: Site) -> None:
    site.submit()
    site.worker("M1-a")
    task = site.task("M1-a")
    answer = site.by("manager")("PATCH", "/api/tasks/999", json=update(task, 1))
    assert (answer.status_code, answer.json["field"]) == (422, "task_id")


def test_a_worker_that_fails_several_jobs_in_a_row_is_set_aside_until_somebody_says_so(site: Site) -> None:
    for _ in range(2):
        site.submit(settings={"frames": "1", "preview": False})
    site.submit(settings={"frames": "1", "preview": False})
    site.worker("M1-a")
    for _ in range(5):
        site.finish(site.task("M1-a"), "failed", reason="no GPU")
    assert site.task("M1-a") is None
    shown = site.by("viewer")("GET", "/api/workers/M1-a").json
    assert (shown["state"], shown["reason"]) == ("error", "it failed 5 tasks of 2 jobs in a row")
    assert "set aside" in site.show(3)["waiting_because"]
    assert site.by("supervisor")("POST", "/api/workers/M1-a/orders", json={"enabled": True}).json["state"] == "awake"
    assert site.task("M1-a") is not None


def test_a_worker_is_not_blamed_for_jobs_that_others_fail_too(site: Site) -> None:
    for _ in range(2):
        site.submit(settings={"frames": "1-3", "preview": False})
    site.worker("M1-a", "M1-b")
    site.finish(site.task("M1-b"), "failed", reason="no camera")
    for _ in range(6):
        task = site.task("M1-a")
        if task is not None:
            site.finish(task, "failed", reason="no camera")
    assert site.by("viewer")("GET", "/api/workers/M1-a").json["state"] == "awake"


def test_time_that_is_left_comes_from_measured_frames_and_the_workers_on_it(site: Site) -> None:
    job = site.submit(settings={"frames": "1-9", "preview": False})
    site.worker("M1-a", "M1-b")
    assert site.show(job)["eta_seconds"] is None
    site.finish(site.task("M1-a"), timings=[{"frame": 1, "total": 10.0, "render": 9.0}])
    site.claim("M1-a", "M1-b")
    assert (site.show(job)["workers"], site.show(job)["eta_seconds"]) == (2, pytest.approx(8 * 10 / 2))


def test_the_time_that_is_left_does_not_vanish_between_two_tasks(site: Site) -> None:
    job = site.submit(settings={"frames": "1-9", "preview": False})
    site.worker("M1-a")
    site.finish(site.task("M1-a"), timings=[{"frame": 1, "total": 10.0, "render": 9.0}])
    assert (site.show(job)["workers"], site.show(job)["eta_seconds"]) == (0, pytest.approx(80.0))
    site.clock.now += 60
    assert site.show(job)["eta_seconds"] is None


def test_wishes_ride_down_until_the_manager_has_seen_them(site: Site) -> None:
    site.worker("M1-a", "M1-b")
    order = {"state": "sleep", "when": "now", "schedule": "mo-fr 09:00-18:00", "tags": ["gpu"]}
    for worker in ("M1-a", "M1-b"):
        answer = site.by("supervisor")("POST", f"/api/workers/{worker}/orders", json=order)
        assert answer.json["orders"]["state"] == "sleep"
    orders = site.claim("M1-a")["orders"]
    assert [wish["worker_id"] for wish in orders["workers"]] == ["M1-a", "M1-b"]
    assert orders["workers"][0]["tags"] == ["gpu"]
    assert "workers" not in site.report(revision=orders["revision"])["orders"]
    assert [w["worker_id"] for w in site.claim("M1-a", revision=1)["orders"]["workers"]] == ["M1-b"]
