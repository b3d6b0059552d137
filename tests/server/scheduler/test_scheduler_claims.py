"""Claims: which worker gets which task, once."""

from __future__ import annotations

import threading

import pytest
from flamenco_server.app import create_app
from flamenco_server.db import Database
from server_farm import Site, on_both, update
from server_parts import Caller

pytestmark = on_both


def test_the_same_lease_again_gives_the_same_tasks_and_runs(site: Site) -> None:
    site.submit()
    site.worker("M1-a", "M1-b")
    first = site.claim("M1-a", "M1-b", lease="L")
    assert sorted(first["tasks"]) == ["M1-a", "M1-b"]
    assert site.claim("M1-a", "M1-b", lease="L") == first
    assert site.claim("M1-a", lease="other")["tasks"]["M1-a"]["task_id"] not in {
        task["task_id"] for task in first["tasks"].values()
    }


def test_a_claimed_task_carries_its_template_and_its_own_parameters(site: Site) -> None:
    job = site.submit(name="Shot 7")
    site.worker("M1-a")
    task = site.task("M1-a")
    assert (task["job_id"], task["job_name"], task["job_type"], task["step"]) == (job, "Shot 7", "copying", "render")
    assert task["params"] == {"frames": "1"}
    assert task["template"][0]["command"] == "files.copy"
    assert (task["storage"], task["job_root"], task["output_root"]) == ("shared", "/j", "/o")


def test_priority_comes_before_age_and_age_before_nothing(site: Site) -> None:
    old, urgent, young = site.submit(), site.submit(priority=90), site.submit()
    site.worker("M1-a")
    order = [site.task("M1-a")["job_id"] for _ in range(9)]
    assert order == [urgent] * 3 + [old] * 3 + [young] * 3


def test_a_changed_priority_counts_for_the_next_claim(site: Site) -> None:
    first, second = site.submit(), site.submit()
    site.worker("M1-a")
    assert site.task("M1-a")["job_id"] == first
    assert site.by("artist")("PATCH", f"/api/jobs/{second}", json={"priority": 51}).status_code == 200
    assert site.task("M1-a")["job_id"] == second


def test_a_job_gets_no_more_workers_than_it_allows(site: Site) -> None:
    job = site.submit(max_workers=1)
    site.worker("M1-a", "M1-b")
    assert list(site.claim("M1-a", "M1-b")["tasks"]) == ["M1-a"]
    assert site.task("M1-b") is None
    assert site.task("M1-a")["job_id"] == job, "a worker that is on it may fetch ahead"


def test_a_worker_gets_only_what_it_can_do(site: Site) -> None:
    site.submit(settings={"memory_mb": 9000})
    small = site.submit(tags=["fast"])
    site.worker("M1-a")
    assert site.task("M1-a") is None
    site.worker("M1-a", tags=["fast"])
    assert site.task("M1-a")["job_id"] == small


def test_the_wanted_blender_is_a_requirement_of_blender_steps(site: Site) -> None:
    site.submit(type="blending", blend="a.blend", blender="4.5")
    site.worker("M1-a", abilities={"blenders": [{"version": "4.2.1", "executable": "b"}]})
    assert site.task("M1-a") is None
    site.worker("M1-a", abilities={"blenders": [{"version": "4.5.3", "executable": "b"}]})
    assert site.task("M1-a")["requirements"]["blender"] == "4.5"


@pytest.mark.parametrize("change", [{"state": "asleep"}, {"enabled": False}, {"state": "error"}])
def test_a_worker_that_is_not_awake_gets_nothing(site: Site, change: dict[str, object]) -> None:
    site.submit()
    site.worker("M1-a", **change)
    assert site.task("M1-a") is None


def test_a_manager_claims_for_its_own_workers_only(site: Site) -> None:
    site.submit()
    made = site.by("admin")("POST", "/api/managers", json={"name": "other"}).json
    site.tokens["other"] = made["token"]
    site.worker("M1-a")
    assert site.task("M1-a", manager="other") is None
    assert site.task("M1-unknown") is None


def test_an_idle_claim_is_answered_without_work(site: Site) -> None:
    site.worker("M1-a")
    assert site.claim("M1-a") == {"orders": {}}


def test_a_paused_job_hands_out_nothing(site: Site) -> None:
    job = site.submit(paused=True)
    site.worker("M1-a")
    assert site.task("M1-a") is None
    assert site.act(job, "resume").status_code == 200
    assert site.task("M1-a")["job_id"] == job


def test_a_lease_that_ran_out_gives_the_task_to_another_and_the_old_run_is_refused(site: Site) -> None:
    job = site.submit(settings={"frames": "1", "preview": False})
    site.worker("M1-a", "M1-b")
    old = site.task("M1-a")
    site.clock.now += 301
    new = site.task("M1-b")
    assert new["task_id"] == old["task_id"] and new["attempt"] == 2
    one = site.by("manager")("PATCH", f"/api/tasks/{old['task_id']}", json=update(old, 1, progress=0.5))
    assert one.status_code == 409 and "no longer owns" in one.json["detail"]
    assert site.report(alive=[old["run_id"], new["run_id"]])["lost"] == [old["run_id"]]
    assert site.finish(new)["accepted"]
    assert site.show(job)["state"] == "completed"


def test_signs_of_life_keep_the_lease(site: Site) -> None:
    site.submit(settings={"frames": "1", "preview": False})
    site.worker("M1-a", "M1-b")
    task = site.task("M1-a")
    for number in range(1, 4):
        site.clock.now += 200
        site.report(update(task, number)) if number % 2 else site.report(alive=[task["run_id"]])
        assert site.task("M1-b") is None
    assert site.finish(task)["accepted"]


def test_many_threads_and_two_server_processes_give_each_task_once(site: Site) -> None:
    job = site.submit(settings={"frames": "1-120", "preview": False})
    workers = [f"M1-{number}" for number in range(8)]
    site.worker(*workers)
    second = create_app(site.config, Database(site.config.url()), site.clock)
    got: list[int] = []
    errors: list[str] = []

    def work(worker: str, number: int) -> None:
        call = Caller(site.app if number % 2 else second, site.tokens["manager"])
        for turn in range(200):
            answer = call("GET", "/api/scheduler/tasks", query_string={"lease": f"{worker}-{turn}", "workers": worker})
            if answer.status_code != 200:
                errors.append(str(answer.json))
                return
            task = answer.json.get("tasks", {}).get(worker)
            if task is None:
                return
            got.append(task["task_id"])
            done = call("PATCH", "/api/tasks", json={"updates": [update(task, 1, status="completed")]})
            if done.status_code != 200 or not done.json["results"][0]["accepted"]:
                errors.append(str(done.json))

    threads = [threading.Thread(target=work, args=(worker, number)) for number, worker in enumerate(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    second.extensions["flamenco"].database.close()
    assert not errors
    assert len(got) == len(set(got)) == 120
    assert site.show(job)["state"] == "completed"
