"""What people do to a job: it touches what it must and nothing else."""

from __future__ import annotations

import pytest
from server_farm import Site, on_both
from server_parts import sha

pytestmark = on_both


def done(site: Site, **more: object) -> int:
    """A job of three frames and a preview that is completed."""
    job = site.submit(**more)
    site.worker("M1-a")
    while (task := site.task("M1-a")) is not None:
        assert site.finish(task)["accepted"]
    assert site.show(job)["state"] == "completed"
    return job


def statuses(site: Site, job: int) -> list[str]:
    """The statuses of a job's tasks, in order."""
    return [task["status"] for task in site.by("viewer")("GET", f"/api/jobs/{job}/tasks").json["items"]]


def test_cancel_stops_everything_and_the_worker_hears_of_it(site: Site) -> None:
    job = site.submit()
    site.worker("M1-a")
    site.finish(site.task("M1-a"))
    task = site.task("M1-a")
    assert site.act(job, "cancel").json["state"] == "canceled"
    assert statuses(site, job) == ["completed", "canceled", "canceled", "canceled"]
    assert site.report(alive=[task["run_id"]])["lost"] == [task["run_id"]]
    result = site.finish(task)
    assert not result["accepted"] and "missing" not in result
    assert site.by("viewer")("GET", f"/api/runs/{task['run_id']}").json["status"] == "canceled"
    assert site.task("M1-a") is None


def test_a_paused_job_lets_its_runs_finish(site: Site) -> None:
    job = site.submit()
    site.worker("M1-a")
    task = site.task("M1-a")
    assert site.act(job, "pause").json["state"] == "paused"
    assert site.finish(task)["accepted"]
    assert (site.task("M1-a"), site.show(job)["waiting_because"]) == (None, "It is paused.")
    assert site.act(job, "resume").json["state"] == "processing"
    assert site.task("M1-a") is not None


@pytest.mark.parametrize("action", ["cancel", "pause", "resume"])
def test_an_illegal_move_is_a_conflict_in_one_sentence(site: Site, action: str) -> None:
    job = done(site)
    answer = site.act(job, action)
    assert answer.status_code == 409
    assert "completed" in answer.json["detail"]


def test_requeued_frames_run_again_and_so_do_the_steps_that_need_them(site: Site) -> None:
    job = done(site)
    shown = site.act(job, "requeue", frames="2").json
    assert shown["state"] == "processing"
    assert statuses(site, job) == ["completed", "queued", "completed", "waiting"]
    frame = site.task("M1-a")
    assert (frame["params"], frame["attempt"]) == ({"frames": "2"}, 2)
    assert site.task("M1-a") is None
    site.finish(frame)
    assert site.task("M1-a")["step"] == "preview"


def test_what_was_done_is_done_anew_when_requeued_and_what_failed_keeps_what_is_there(site: Site) -> None:
    job = site.submit(type="blending", blend="a.blend", settings={"frames": "1"})
    site.worker("M1-a", abilities={"blenders": [{"version": "4.5.3", "executable": "/blender"}]})
    for done_before, status in [(False, "failed"), (False, "completed"), (True, "failed"), (True, "completed")]:
        task = site.task("M1-a")
        assert task["template"][0].get("skip_existing", False) is not done_before
        assert site.finish(task, status)["accepted"]
        if status == "completed":
            site.act(job, "requeue")


def test_requeueing_everything_starts_again(site: Site) -> None:
    job = done(site)
    assert site.act(job, "requeue").json["state"] == "queued"
    assert statuses(site, job) == ["queued", "queued", "queued", "waiting"]


def test_requeueing_the_last_step_leaves_the_frames_alone(site: Site) -> None:
    job = done(site)
    last = site.by("viewer")("GET", f"/api/jobs/{job}/tasks").json["items"][-1]["id"]
    site.act(job, "requeue", tasks=[last])
    assert statuses(site, job) == ["completed"] * 3 + ["queued"]


def test_failed_tasks_are_requeued_with_fresh_retries(site: Site) -> None:
    job = site.submit(settings={"frames": "1-2"})
    site.worker("M1-a")
    for _ in range(4):
        task = site.task("M1-a")
        site.finish(task, "failed" if task["params"] == {"frames": "1"} else "completed")
    assert site.show(job)["state"] == "failed"
    assert site.act(job, "requeue", failed=True).json["state"] == "processing"
    assert statuses(site, job) == ["queued", "completed", "waiting"]
    for _ in range(2):
        site.finish(site.task("M1-a"), "failed")
    assert site.show(job)["state"] == "processing"
    while (task := site.task("M1-a")) is not None:
        site.finish(task)
    assert site.show(job)["state"] == "completed"


def test_a_running_step_that_becomes_stale_is_taken_back(site: Site) -> None:
    job = site.submit()
    site.worker("M1-a")
    for _ in range(3):
        site.clock.now += 1
        site.finish(site.task("M1-a"))
    preview = site.task("M1-a")
    site.act(job, "requeue", frames="1")
    assert statuses(site, job) == ["queued", "completed", "completed", "waiting"]
    assert not site.finish(preview)["accepted"]


def test_a_canceled_job_can_be_requeued(site: Site) -> None:
    job = site.submit()
    site.act(job, "cancel")
    assert site.act(job, "requeue").json["state"] == "queued"
    assert statuses(site, job) == ["queued"] * 3 + ["waiting"]


@pytest.mark.parametrize(
    ("body", "field", "sentence"),
    [
        ({"frames": "7"}, "frames", "does the frames 7"),
        ({"frames": "x"}, "frames", "cannot be read"),
        ({"tasks": [999]}, "tasks", "has no task 999"),
        ({"tasks": [1], "failed": True}, "tasks", "give one of"),
    ],
)
def test_a_requeue_of_what_is_not_there_is_refused(
    site: Site, body: dict[str, object], field: str, sentence: str
) -> None:
    answer = site.act(done(site), "requeue", **body)
    assert (answer.status_code, answer.json["field"]) == (422, field)
    assert sentence in answer.json["detail"]


def test_there_is_nothing_to_requeue_of_what_is_not_finished(site: Site) -> None:
    assert site.act(site.submit(), "requeue").status_code == 409


def test_one_task_can_be_canceled_and_requeued(site: Site) -> None:
    job = site.submit()
    task = site.by("viewer")("GET", f"/api/jobs/{job}/tasks").json["items"][0]["id"]
    assert site.by("artist")("POST", f"/api/tasks/{task}/cancel").json["status"] == "canceled"
    assert site.by("artist")("POST", f"/api/tasks/{task}/cancel").status_code == 409
    assert site.by("artist")("POST", f"/api/tasks/{task}/requeue").json["status"] == "queued"


def test_a_deleted_job_is_gone_with_all_that_belongs_to_it(site: Site) -> None:
    job = done(site)
    assert site.by("artist")("DELETE", f"/api/jobs/{job}").status_code == 204
    for path in (f"/api/jobs/{job}", f"/api/jobs/{job}/tasks", "/api/tasks/1", f"/api/jobs/{job}/requeue"):
        method = "POST" if path.endswith("requeue") else "GET"
        answer = site.by("artist")(method, path)
        assert (answer.status_code, answer.content_type) == (404, "application/problem+json")
    assert site.by("viewer")("GET", "/api/runs").json["items"] == []
    assert site.submit() > job, "an id never comes again: workers keep folders by it"


def test_artists_change_their_own_jobs_and_supervisors_all(site: Site) -> None:
    answer = site.by("supervisor")("POST", "/api/jobs", json=site.submission())
    other = answer.json["id"]
    assert site.act(other, "cancel").status_code == 403
    assert site.by("artist")("PATCH", f"/api/jobs/{other}", json={"priority": 99}).status_code == 403
    assert site.by("viewer")("POST", "/api/jobs", json=site.submission()).status_code == 403
    assert site.act(site.submit(), "cancel", who="supervisor").status_code == 200


def test_jobs_are_listed_by_pages_filters_and_order(site: Site) -> None:
    for number in range(5):
        site.clock.now += 1
        site.submit(name=f"Shot {number}", priority=number % 2)
    site.act(2, "cancel")

    def listed(**query: object) -> list[int]:
        ids, cursor = [], ""
        while cursor is not None:
            answer = site.by("viewer")("GET", "/api/jobs", query_string={"limit": 2, "cursor": cursor, **query}).json
            ids += [item["id"] for item in answer["items"]]
            cursor = answer["next"]
        return ids

    assert listed() == [5, 4, 3, 2, 1]
    assert listed(sort="created") == [1, 2, 3, 4, 5]
    assert listed(sort="-priority") == [4, 2, 5, 3, 1]
    # What is not finished comes after the latest, what is equal in the order of the ids.
    assert (listed(sort="-finished"), listed(sort="finished")) == ([2, 5, 4, 3, 1], [1, 3, 4, 5, 2])
    site.worker("M1-a")
    for _ in range(5):  # all four of the most urgent, and one of the first
        site.clock.now += 1
        site.finish(site.task("M1-a"))
    assert [site.show(job)["progress"] for job in (4, 1)] == [1.0, 0.25]
    assert (listed(sort="-progress"), listed(sort="progress")) == ([4, 1, 5, 3, 2], [2, 3, 5, 1, 4])
    assert listed(sort="-finished") == [4, 2, 5, 3, 1]
    assert listed(state="canceled") == [2]
    assert listed(state="queued,canceled", name="shot 1") == [2]
    assert site.by("viewer")("GET", "/api/jobs?state=odd").json["field"] == "state"
    assert site.by("viewer")("GET", "/api/jobs?sort=odd").json["field"] == "sort"
    assert site.by("viewer")("GET", "/api/jobs?cursor=odd").json["field"] == "cursor"
    assert site.by("viewer")("GET", "/api/jobs?colour=red").json["field"] == "colour"


def test_a_job_says_why_it_waits(site: Site) -> None:
    job = site.submit(settings={"frames": "1", "memory_mb": 9000})
    assert site.show(job)["waiting_because"] == "The farm has no workers yet."
    site.worker("M1-a")
    assert "has 8000 MB of memory, 9000 MB are needed" in site.show(job)["waiting_because"]
    site.worker("M1-a", state="asleep")
    assert site.show(job)["waiting_because"] == "No worker takes work now: 1 asleep."
    site.worker("M1-a", abilities={"memory_mb": 10000})
    assert site.show(job)["waiting_because"] == "It starts as soon as a worker asks for work."
    urgent = site.submit(priority=99)
    assert site.task("M1-a")["job_id"] == urgent
    assert site.show(job)["waiting_because"] == "The one worker that can do it is busy; 1 job is ahead of it."
    assert site.by("admin")("PATCH", f"/api/jobs/{job}", json={"priority": 100}).status_code == 200
    assert site.show(job)["waiting_because"] == "The one worker that can do it is busy; it is next."
    site.clock.now += 121
    assert site.show(job)["waiting_because"] == "No worker takes work now: 1 offline."


def test_the_thumbnail_and_outputs_stay_when_frames_are_requeued(site: Site) -> None:
    job = site.submit(settings={"frames": "1", "preview": False})
    site.worker("M1-a")
    made = {"path": "0001.png", "sha256": sha(b"x"), "size": 1, "frame": 1}
    site.finish(site.task("M1-a"), outputs=[made])
    site.act(job, "requeue")
    assert len(site.by("viewer")("GET", f"/api/jobs/{job}/outputs").json["items"]) == 1


def test_the_activity_says_what_was_done_again(site: Site) -> None:
    job = site.submit()
    site.worker("M1-a")
    task = site.task("M1-a")
    site.finish(task)
    site.act(job, "requeue", frames="1")
    site.finish(site.task("M1-a"))
    site.act(job, "requeue", tasks=[task["task_id"]])
    site.finish(site.task("M1-a"))
    site.act(job, "requeue")
    lines = site.by("viewer")("GET", f"/api/jobs/{job}/activity").json["items"]
    told = [line["detail"] for line in lines if line["action"] == "requeue"]
    assert told == ["all tasks", f"task {task['task_id']}", "frames 1"]
