"""The same for many at once: one that cannot be done stops no other."""

from __future__ import annotations

from typing import Any

import pytest
from server_farm import Site, on_both
from server_parts import sha


def act(site: Site, ids: list[int], action: str, who: str = "artist", **more: Any) -> Any:
    answer = site.by(who)("POST", "/api/bulk/jobs", json={"ids": ids, "action": action, **more})
    assert answer.status_code == 200, answer.json
    return answer.json


def states(site: Site, *jobs: int) -> list[str]:
    return [site.show(job)["state"] for job in jobs]


def test_many_jobs_are_paused_resumed_and_canceled_in_one_call(site: Site) -> None:
    one, two = site.submit(), site.submit()
    assert act(site, [one, two, one], "pause") == {"done": [one, two], "refused": []}
    assert states(site, one, two) == ["paused", "paused"]
    assert act(site, [one, two], "resume")["done"] == [one, two]
    assert act(site, [one, two], "cancel")["done"] == [one, two]
    assert states(site, one, two) == ["canceled", "canceled"]
    assert act(site, [one, two], "requeue")["done"] == [one, two]
    assert states(site, one, two) == ["queued", "queued"]


def test_one_that_cannot_be_done_is_named_and_stops_no_other(site: Site) -> None:
    fine, over = site.submit(), site.submit()
    site.act(over, "cancel")
    said = act(site, [over, 999, fine], "pause")
    assert said["done"] == [fine]
    assert {each["id"]: each["detail"] for each in said["refused"]} == {
        over: "a job that is canceled cannot become paused", 999: "there is no job 999",
    }  # fmt: skip


def test_artists_change_their_own_and_supervisors_all(site: Site) -> None:
    job = site.submit()
    site.tokens["zoe"] = site.by("admin")("POST", "/api/users", json={"name": "zoe", "role": "artist"}).json["token"]
    refused = act(site, [job], "cancel", who="zoe")["refused"]
    assert "is artist's" in refused[0]["detail"]
    assert site.by("viewer")("POST", "/api/bulk/jobs", json={"ids": [job], "action": "pause"}).status_code == 403
    assert act(site, [job], "cancel", who="supervisor")["done"] == [job]


def test_failed_tasks_are_done_again(site: Site) -> None:
    job = site.submit(settings={"frames": "1", "preview": False})
    site.worker("M1-a")
    for _ in range(3):
        site.finish(site.task("M1-a"), status="failed", reason="no")
    assert states(site, job) == ["failed"]
    assert act(site, [job], "requeue_failed")["done"] == [job]
    assert states(site, job) == ["queued"]


def test_priority_and_archive_change_the_order_and_the_list(site: Site) -> None:
    one, two = site.submit(), site.submit()
    act(site, [one, two], "priority", priority=90)
    assert [site.show(job)["priority"] for job in (one, two)] == [90, 90]
    act(site, [one, two], "cancel")
    act(site, [one], "archive")
    listed = site.by("viewer")("GET", "/api/jobs?archived=false").json["items"]
    assert [item["id"] for item in listed] == [two]
    act(site, [one], "unarchive")
    assert len(site.by("viewer")("GET", "/api/jobs?archived=false").json["items"]) == 2


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"action": "priority"}, "priority"),
        ({"action": "pause", "priority": 5}, "priority"),
        ({"action": "dance"}, "action"),
        ({"ids": [], "action": "pause"}, "ids"),
        ({"ids": list(range(501)), "action": "pause"}, "ids"),
    ],
)
def test_what_makes_no_sense_is_refused(site: Site, body: dict[str, Any], field: str) -> None:
    answer = site.by("artist")("POST", "/api/bulk/jobs", json={"ids": [1], **body})
    assert (answer.status_code, answer.json["field"]) == (422, field)


@on_both
def test_before_jobs_are_deleted_one_sees_what_goes(site: Site) -> None:
    data = b"scene"
    site.by("artist")("PUT", f"/api/files/{sha(data)}", data=data)
    files = [{"path": "a.blend", "sha256": sha(data), "size": len(data)}]
    one = site.submit(storage="uploaded", files=files, blend="a.blend")
    two = site.submit()
    site.worker("M1-a")
    task = site.task("M1-a")
    output = {"path": "1.png", "sha256": sha(data), "size": 5, "kind": "frame", "frame": 1}
    site.finish(task, outputs=[output])
    shown = site.by("artist")("POST", "/api/bulk/jobs/preview", json={"ids": [one, two, 999]}).json
    assert shown == {
        "jobs": 2, "not_allowed": 0, "tasks": 8, "unfinished_tasks": 7, "outputs": 1, "files": 1, "bytes": 10,
    }  # fmt: skip
    assert site.by("viewer")("POST", "/api/bulk/jobs/preview", json={"ids": [one]}).json["not_allowed"] == 1
    assert act(site, [one, two], "delete") == {"done": [one, two], "refused": []}
    assert site.by("viewer")("GET", f"/api/jobs/{one}").status_code == 404


@on_both
def test_many_workers_are_ordered_in_one_call(site: Site) -> None:
    site.worker("M1-a", "M1-b")
    order = {"ids": ["M1-a", "M1-b", "none"], "order": {"state": "sleep", "when": "now", "tags": ["night"]}}
    said = site.by("supervisor")("POST", "/api/bulk/workers", json=order).json
    assert said == {"done": ["M1-a", "M1-b"], "refused": [{"id": "none", "detail": "there is no worker 'none'"}]}
    wishes = site.claim("M1-a")["orders"]["workers"]
    assert {wish["worker_id"]: (wish["state"], wish["when"], wish["tags"]) for wish in wishes} == {
        "M1-a": ("sleep", "now", ["night"]), "M1-b": ("sleep", "now", ["night"]),
    }  # fmt: skip
    assert site.by("artist")("POST", "/api/bulk/workers", json=order).status_code == 403


@on_both
def test_jobs_are_found_by_the_tag_that_their_workers_must_have(site: Site) -> None:
    job = site.submit(tags=["gpu", 'big "one"'])
    site.submit(tags=["gpu2"])

    def found(tag: str) -> list[int]:
        items = site.by("viewer")("GET", "/api/jobs", query_string={"tag": tag}).json["items"]
        return [item["id"] for item in items]

    assert found("gpu") == found('big "one"') == [job]
    assert found("gp") == found("%") == []
