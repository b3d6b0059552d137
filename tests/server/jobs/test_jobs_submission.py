"""Submitting jobs: what is stored, what is refused and with which sentence."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from server_farm import Site, on_both
from server_parts import sha

pytestmark = on_both


def test_the_same_client_token_is_the_same_job(site: Site) -> None:
    sent = site.submission(client_token="once")
    first = site.by("artist")("POST", "/api/jobs", json=sent)
    again = site.by("artist")("POST", "/api/jobs", json=sent)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json["id"] == again.json["id"]
    assert len(site.by("viewer")("GET", "/api/jobs").json["items"]) == 1


def test_submissions_with_one_token_at_the_same_moment_make_one_job(site: Site) -> None:
    sent = site.submission(client_token="once")
    answers: list[Any] = []
    threads = [
        threading.Thread(target=lambda: answers.append(site.by("artist")("POST", "/api/jobs", json=sent)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 201]
    assert len({answer.json["id"] for answer in answers}) == 1


def test_a_job_is_stored_with_its_steps_tasks_and_counters(site: Site) -> None:
    job = site.submit(settings={"frames": "1-9x2,12", "chunk_size": 2}, comment="for Monday", tags=["gpu"])
    shown = site.show(job)
    assert (shown["state"], shown["total"], shown["comment"]) == ("queued", 4, "for Monday")
    steps = site.by("viewer")("GET", f"/api/jobs/{job}/steps").json["items"]
    assert [(step["name"], step["after"], step["total"]) for step in steps] == [
        ("render", [], 3),
        ("preview", ["render"], 1),
    ]
    assert steps[0]["requirements"] == {"kinds": ["files"], "tags": ["gpu"]}
    tasks = site.by("viewer")("GET", f"/api/jobs/{job}/tasks", query_string={"step": "render"}).json["items"]
    assert [task["params"]["frames"] for task in tasks] == ["1,3", "5,7", "9,12"]


def test_uploaded_jobs_list_their_files(site: Site) -> None:
    for data in (b"scene", b"texture"):
        site.by("artist")("PUT", f"/api/files/{sha(data)}", data=data)
    files = [{"path": p, "sha256": sha(d), "size": len(d)} for p, d in (("a.blend", b"scene"), ("t/x.png", b"texture"))]
    job = site.submit(type="blending", storage="uploaded", blend="a.blend", files=files)
    assert site.by("viewer")("GET", f"/api/jobs/{job}/files").json["items"] == files
    site.worker("M1-a", abilities={"blenders": [{"version": "4.5.3", "executable": "b"}]})
    task = site.task("M1-a")
    assert task["template"][0]["blend"] == "{job}/a.blend"
    needed = site.by("manager")("GET", f"/api/tasks/{task['task_id']}/files").json["files"]
    assert [file["path"] for file in needed] == ["a.blend", "t/x.png"]


FILE = {"path": "a.blend", "sha256": sha(b"scene"), "size": 5}
UPLOADED = {"storage": "uploaded", "files": [FILE]}
BAD = [
    ({"type": "magic"}, "type", "there is no job type 'magic'; there are blending, copying"),
    ({"settings": {"frames": "9-1"}}, "settings.frames", "counts down"),
    ({"settings": {"chunk_size": 0}}, "settings.chunk_size", "at least 1"),
    ({"settings": {"chunk_size": "2"}}, "settings.chunk_size", "a whole number"),
    ({"settings": {"colour": 1}}, "settings.colour", "there is no setting 'colour'"),
    ({"name": ""}, "name", "length >= 1"),
    ({"priority": "high"}, "priority", "expected `int`"),
    ({"nmae": "x"}, "nmae", "unknown field"),
    ({"project": "none"}, "project", "there is no project 'none'"),
    ({"preset": "none"}, "preset", "none"),
    ({"overrides": {"magic": 1}}, "overrides.magic", "cannot be overridden"),
    ({"overrides": {"samples": "many"}}, "overrides.samples", "a whole number"),
    ({"blender": "new"}, "blender", "it must be a version of Blender like 4.5"),
    ({"storage": "uploaded"}, "files", "the manifest is empty"),
    ({**UPLOADED, "files": [{**FILE, "path": "../a"}]}, "files[0].path", "leaves the project's folder"),
    ({**UPLOADED, "files": [{**FILE, "path": "/etc/passwd"}]}, "files[0].path", "absolute"),
    ({**UPLOADED, "files": [FILE, FILE]}, "files[1].path", "named twice"),
    ({**UPLOADED, "files": [{**FILE, "sha256": ""}]}, "files[0].sha256", "has no hash"),
    ({**UPLOADED, "files": [{**FILE, "sha256": "x"}]}, "files[0].sha256", "it must be a SHA-256: 64 digits"),
    ({**UPLOADED, "blend": "b.blend"}, "blend", "is not among the job's files"),
    (UPLOADED, "files", "does not have the file 'a.blend'"),
    ({"output_root": ""}, "output_root", "where its outputs go"),
    ({"job_root": "", "blend": "a.blend"}, "job_root", "where its files lie"),
    ({"type": "blending"}, "settings", "needs a .blend file"),
]


@pytest.mark.parametrize(("change", "field", "sentence"), BAD, ids=[f"{row[1]}-{n}" for n, row in enumerate(BAD)])
def test_a_bad_submission_is_refused_with_the_field_and_a_sentence(
    site: Site, change: dict[str, Any], field: str, sentence: str
) -> None:
    answer = site.by("artist")("POST", "/api/jobs", json=site.submission(**change))
    assert (answer.status_code, answer.json["field"]) == (422, field), answer.json
    assert answer.content_type == "application/problem+json"
    assert sentence in answer.json["detail"]
    assert site.by("viewer")("GET", "/api/jobs").json["items"] == []


def test_a_body_that_is_no_json_is_one_clear_error(site: Site) -> None:
    answer = site.by("artist")("POST", "/api/jobs", data=b'{"name": ')
    assert answer.status_code == 422
    assert "not valid JSON" in answer.json["detail"]


def test_settings_change_until_the_tasks_run(site: Site) -> None:
    job = site.submit(type="blending", blend="a.blend")
    changed = site.by("artist")(
        "PATCH", f"/api/jobs/{job}", json={"settings": {"frames": "5-9"}, "overrides": {"samples": 8}}
    )
    assert (changed.status_code, changed.json["total"]) == (200, 5), changed.json
    step = site.by("viewer")("GET", f"/api/jobs/{job}/steps").json["items"][0]
    assert step["template"][0]["overrides"] == {"samples": 8}
    site.worker("M1-a", abilities={"blenders": [{"version": "4.5.3", "executable": "b"}]})
    assert site.task("M1-a")["params"] == {"frames": "5"}
    late = site.by("artist")("PATCH", f"/api/jobs/{job}", json={"settings": {"frames": "1"}})
    assert (late.status_code, "have begun" in late.json["detail"]) == (409, True)
    assert site.show(job)["settings"] == {"frames": "5-9"}


def test_a_bad_change_of_settings_changes_nothing(site: Site) -> None:
    job = site.submit()
    answer = site.by("artist")("PATCH", f"/api/jobs/{job}", json={"settings": {"frames": "x"}})
    assert (answer.status_code, answer.json["field"]) == (422, "settings.frames")
    assert (site.show(job)["settings"], site.show(job)["total"]) == ({"frames": "1-3"}, 4)
