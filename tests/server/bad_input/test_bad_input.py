"""What people and programs send wrong: the status, the sentence, the field, and that nothing was stored or lost.

docs/bad-input.md is the table for readers; its server rows stand here, one case each.
"""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flamenco_server.db import Base
from server_farm import Site, make_site, update
from server_parts import sha, tar_of
from sqlalchemy import select

HASH = sha(b"scene")
FILE = {"path": "a.blend", "sha256": HASH, "size": 5}


@dataclass(frozen=True)
class Case:
    """A request, and what must come back. `{job}`, `{done}`, `{task}`, `{run}` in the path are ids of the farm's."""

    name: str
    call: str  # "POST /api/jobs"
    status: int
    sentence: str
    field: str = ""
    who: str = "artist"
    body: Any = None  # sent as JSON
    data: bytes | None = None  # sent as it is
    headers: tuple[tuple[str, str], ...] = ()
    unsized: bool = False  # its length is not told before


def job(name: str, sentence: str, field: str, /, status: int = 422, **change: Any) -> Case:
    """A submission with one thing wrong."""
    return Case(name, "POST /api/jobs", status, sentence, field, body=Site.submission(**change))


def uploaded(name: str, sentence: str, field: str, /, **change: Any) -> Case:
    """A submission with files, with one thing wrong in its manifest."""
    files = change.pop("files", [{**FILE, **change}])
    return job(name, sentence, field, storage="uploaded", files=files)


def link_tar(kind: bytes) -> bytes:
    """An archive with a link out of its folder."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        entry = tarfile.TarInfo(HASH)
        entry.type, entry.linkname = kind, "../../etc/passwd"
        archive.addfile(entry)
    return buffer.getvalue()


SUBMISSIONS = [
    job("unknown job type", "there is no job type 'magic'; there are blending, copying", "type", type="magic"),
    job("bad setting", "chunk_size is 0; it must be at least 1", "settings.chunk_size", settings={"chunk_size": 0}),
    job("setting of a wrong type", "'two'; it must be a whole number", "settings.chunk_size", settings={"chunk_size": "two"}),
    job("unknown setting", "there is no setting 'colour'; the settings are", "settings.colour", settings={"colour": 1}),
    job("frames that count down", "9-1 counts down", "settings.frames", settings={"frames": "9-1"}),
    job("frames that are none", "cannot be read: write them like 1-100", "settings.frames", settings={"frames": "all"}),
    job("too many frames", "more than 1,000,000 frames", "settings.frames", settings={"frames": "1-9999999"}),
    job("unknown field", "unknown field `nmae`", "nmae", nmae="x"),
    job("field of a wrong type", "expected `int`, got `str`", "priority", priority="high"),
    job("number out of range", "<= 1000", "priority", priority=5000),
    job("number that no column holds", "<= 100000", "max_workers", max_workers=2**70),
    job("text with a zero character", "zero character", "name", name="a\x00b"),
    job("unknown project", "there is no project 'none'", "project", project="none"),
    job("unknown preset", "there is no preset 'none'; the presets are", "preset", preset="none"),
    job("unknown override", "'magic' cannot be overridden; these can", "overrides.magic", overrides={"magic": 1}),
    job("no .blend where one is needed", "needs a .blend file", "settings", type="blending"),
    job("nowhere to write", "must say where its outputs go", "output_root", output_root=""),
    uploaded("empty manifest", "the manifest is empty", "files", files=[]),
    uploaded("path with ..", "'../a' leaves the project's folder", "files[0].path", path="../a"),
    uploaded("absolute path", "'/etc/passwd' is absolute", "files[0].path", path="/etc/passwd"),
    uploaded("path of another drive", "not relative with forward slashes", "files[0].path", path="C:/a.blend"),
    uploaded("path with backslashes", "not relative with forward slashes", "files[0].path", path="a\\b"),
    uploaded("path that Windows reserves", "a name that Windows reserves", "files[0].path", path="tex/nul.png"),
    uploaded("path with a zero character", "zero character", "path", path="a\x00.blend"),
    uploaded("file named twice", "named twice", "files[1].path", files=[FILE, FILE]),
    uploaded("file without a hash", "has no hash", "files[0].sha256", sha256=""),
    uploaded("hash that is none", "it must be a SHA-256: 64 digits of 0-9 and a-f", "files[0].sha256", sha256="x"),
    uploaded("file that was never sent", "does not have the file 'a.blend': send it first", "files"),
]  # fmt: skip
BODIES = [
    Case("malformed JSON", "POST /api/jobs", 422, "the body is not valid JSON", data=b'{"name": '),
    Case("JSON that is no object", "POST /api/jobs", 422, "expected `object`, got `array`", data=b"[]"),
    Case("JSON nested too deeply", "POST /api/jobs", 422, "nested too deeply", data=b'{"settings":' + b'{"a":' * 9000),
    Case("bytes that are no text", "POST /api/jobs", 422, "the body is not valid JSON", data=b"\xff\xfe"),
    Case("oversize body", "POST /api/jobs", 413, "the body has more than 1 MB", data=b" " * 1_100_000),
    Case("oversize body of unknown length", "POST /api/jobs", 413, "more than 1 MB", data=b" " * 1_100_000, unsized=True),
]  # fmt: skip
FILES = [
    Case("bytes of another hash", f"PUT /api/files/{HASH}", 422, f"not {HASH}", "sha256", data=b"other"),
    Case("name that is no hash", "PUT /api/files/a.blend", 422, "is not a SHA-256", "sha256", data=b"x"),
    Case("archive entry of another hash", "POST /api/files/archive", 422, f"not {HASH}", "sha256", data=tar_of({HASH: b"x"})),
    Case("symbolic link in an archive", "POST /api/files/archive", 422, "not a plain file", data=link_tar(tarfile.SYMTYPE)),
    Case("hard link in an archive", "POST /api/files/archive", 422, "not a plain file", data=link_tar(tarfile.LNKTYPE)),
    Case("archive entry with ..", "POST /api/files/archive", 422, "is not a SHA-256", "sha256", data=tar_of({"../x": b"x"})),
    Case("archive cut short", "POST /api/files/archive", 422, "not a whole tar archive", data=tar_of({HASH: b"scene"})[:514]),
    Case("oversize file", f"PUT /api/files/{HASH}", 413, "at most", data=b"x" * 4_200_000),
    Case("oversize file of unknown length", f"PUT /api/files/{HASH}", 413, "larger than this server takes",
         data=b"x" * 4_200_000, unsized=True),
    Case("upload that says not where it goes on", f"PATCH /api/uploads/{HASH}", 422, "must say a number of bytes",
         "Upload-Offset", data=b"x"),
    Case("upload that goes on elsewhere", f"PATCH /api/uploads/{HASH}", 409, "goes on at byte 0, not 3",
         data=b"ne", headers=(("Upload-Offset", "3"), ("Upload-Length", "5"))),
    Case("upload with another hash", f"PATCH /api/uploads/{HASH}", 422, f"not {HASH}", "sha256", data=b"other",
         headers=(("Upload-Offset", "0"), ("Upload-Length", "5"))),
]  # fmt: skip
IDS = [
    Case(f"unknown id, {call}", call, 404, sentence, who="admin", body=body)
    for call, sentence, body in (
        ("GET /api/jobs/999", "there is no job 999", None),
        ("PATCH /api/jobs/999", "there is no job 999", {"priority": 1}),
        ("DELETE /api/jobs/999", "there is no job 999", None),
        ("POST /api/jobs/999/cancel", "there is no job 999", None),
        ("POST /api/jobs/999/requeue", "there is no job 999", {}),
        ("GET /api/jobs/999/tasks", "there is no job 999", None),
        ("GET /api/jobs/99999999999999999999", "there is no job", None),
        ("GET /api/tasks/999", "there is no task 999", None),
        ("GET /api/tasks/zip/999", "there is no task 999", None),
        ("POST /api/tasks/999/cancel", "there is no task 999", None),
        ("GET /api/runs/none", "there is no run 'none'", None),
        ("GET /api/runs/none/log", "there is no run none", None),
        ("GET /api/workers/none", "there is no worker 'none'", None),
        ("POST /api/workers/none/orders", "there is no worker 'none'", {"enabled": False}),
        ("GET /api/managers/999", "there is no manager 999", None),
        ("PATCH /api/users/999", "there is no user 999", {"enabled": False}),
        ("DELETE /api/tokens/999", "there is no token 999", None),
        ("GET /api/projects/999", "there is no project 999", None),
        ("GET /api/outputs/999/content", "there is no output 999", None),
        ("GET /api/job-types/none", "there is no job type 'none'", None),
        ("GET /api/settings/none", "there is no setting 'none'", None),
        (f"GET /api/files/{HASH}", f"the farm has no file {HASH}", None),
        ("GET /api/nothing", "there is nothing at /api/nothing", None),
    )
]
QUERIES = [
    Case("unknown filter", "GET /api/jobs?colour=red", 422, "unknown field `colour`", "colour"),
    Case("unknown state", "GET /api/jobs?state=done", 422, "there is no state 'done'; there are queued,", "state"),
    Case("list that cannot be sorted so", "GET /api/jobs?sort=mood", 422, "cannot be sorted by 'mood'; it can by", "sort"),
    Case("page that is too long", "GET /api/jobs?limit=5000", 422, "<= 1000", "limit"),
    Case("cursor that is none", "GET /api/jobs?cursor=abc", 422, "not one that this list gave", "cursor"),
    Case("cursor of another list", "GET /api/jobs?cursor=WyJhIiwiYiJd", 422, "not one that this list gave", "cursor"),
    Case("method that is none", "PUT /api/jobs", 405, "/api/jobs takes GET, POST, not PUT"),
]  # fmt: skip
STATES = [
    Case("cancel what is finished", "POST /api/jobs/{done}/cancel", 409, "completed cannot become canceled"),
    Case("pause what is finished", "POST /api/jobs/{done}/pause", 409, "completed cannot become paused"),
    Case("resume what is not paused", "POST /api/jobs/{job}/resume", 409, "cannot be resumed"),
    Case("do again what is not done", "POST /api/jobs/{job}/requeue", 409, "nothing to do again", body={}),
    Case("do frames again that it has not", "POST /api/jobs/{done}/requeue", 422, "does the frames 77", "frames",
         body={"frames": "77"}),
    Case("do another job's tasks again", "POST /api/jobs/{done}/requeue", 422, "has no task {task}", "tasks",
         body={"tasks": ["{task}"]}),
    Case("settings of a job that runs", "PATCH /api/jobs/{job}", 409, "its tasks have begun", body={"settings": {"frames": "1"}}),
    Case("bytes of a job on shared storage", "GET /api/jobs/{done}/zip", 409, "they lie on shared storage in /o"),
    Case("user that is there already", "POST /api/users", 409, "there is a user 'artist' already", who="admin",
         body={"name": "artist"}),
    Case("the last admin goes", "DELETE /api/users/4", 409, "admin is the last admin", who="admin"),
    Case("project with jobs goes", "DELETE /api/projects/1", 409, "has 2 jobs: delete them first", who="admin"),
    Case("sleep schedule that is none", "POST /api/workers/M1-a/orders", 422, "", "schedule", who="admin",
         body={"schedule": "always"}),
]  # fmt: skip
TOKENS = [
    Case("token missing", "GET /api/jobs", 401, "this needs a token: send the header", who="nobody"),
    Case("token that is none", "GET /api/jobs", 401, "not a token of this farm", who="junk"),
    Case("token that is wrong", "GET /api/jobs", 401, "is not valid, or was taken back", who="guess"),
    Case("token of a worker", "GET /api/jobs", 401, "is for its manager, not for the server", who="worker"),
    Case("token of a manager", "GET /api/jobs", 403, "this needs the token of a user", who="manager"),
    Case("token of a user", "GET /api/scheduler/tasks?lease=L", 403, "the token of a manager", who="admin"),
    Case("role too low", "POST /api/users", 403, "needs the role admin; artist has the role artist", body={"name": "x"}),
    Case("viewer submits", "POST /api/jobs", 403, "needs the role artist", who="viewer", body=Site.submission()),
    Case("another's job", "POST /api/jobs/{job}/cancel", 403, "is artist's: only they and supervisors", who="zoe"),
    Case("token for another", "POST /api/tokens", 403, "only admins make tokens for others", body={"user": "admin"}),
]  # fmt: skip
PEOPLE = [
    Case("password too short", "PATCH /api/users/2", 422, "length >= 8", "password", who="admin", body={"password": "short"}),
    Case("password that is the name", "POST /api/me/password", 422, "must not be the user's name", "new", who="supervisor",
         body={"new": "supervisor"}),
    Case("token that would be over", "POST /api/tokens", 422, "would have expired already", "expires_at",
         body={"expires_at": "2020-01-01T00:00:00Z"}),
    Case("program without a name", "POST /api/sign-ins", 422, "length >= 1", "program", who="nobody", body={"program": ""}),
    Case("poll of no sign-in", "POST /api/sign-ins/poll", 404, "no such sign-in", who="nobody", body={"device_code": "x"}),
    Case("first admin of a farm with users", "POST /api/first-admin", 409, "has users already", who="nobody",
         body={"name": "boss", "password": "good password"}),
    Case("own setting with an odd name", "PUT /api/me/settings/A b", 422, "is no name for this", "name", body={"value": 1}),
    Case("own setting that is too large", "PUT /api/me/settings/a", 422, "value has more than 64 kB", "value",
         body={"value": "x" * 70_000}),
    Case("own setting that is not there", "GET /api/me/settings/a", 404, "you have no setting 'a'"),
    Case("preset of somebody else", "DELETE /api/submission-presets/film", 403, "is supervisor's: only they and supervisors"),
    Case("preset without values", "PUT /api/submission-presets/film", 422, "expected `object`", "values",
         body={"job_type": "render", "values": []}),
]  # fmt: skip
REPORTS = [
    Case("worker id that no column holds", "PATCH /api/tasks", 422, "1 to 64 characters", "workers[0].worker_id",
         who="manager", body={"workers": [{"worker_id": "x" * 99, "name": "x", "state": "awake", "abilities": {
             "platform": "linux", "cores": 1, "memory_mb": 1}}]}),
    Case("revision that is none", "PATCH /api/tasks", 422, "not one that the server gave", "revision", who="manager",
         body={"revision": -1}),
    Case("update for another task", "PATCH /api/tasks/{task}", 422, "not {task}", "task_id", who="manager",
         body={"run_id": "{run}", "task_id": 1, "seq": 5}),
    Case("update of no run", "PATCH /api/tasks/{task}", 409, "there is no run x", who="manager",
         body={"run_id": "x", "task_id": "{task}", "seq": 5}),
]  # fmt: skip
CASES = SUBMISSIONS + BODIES + FILES + IDS + QUERIES + STATES + TOKENS + PEOPLE + REPORTS


@pytest.fixture(scope="module")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, dict[str, Any]]]:
    """A farm with a job that is done and one that runs. No case changes it, so that one serves all."""
    made = make_site(tmp_path_factory.mktemp("farm"), most_body_mb=1, most_file_mb=4)
    made.worker("M1-a")
    done = made.submit(settings={"frames": "1", "preview": False})
    made.finish(made.task("M1-a"))
    job = made.submit()
    task = made.task("M1-a")
    zoe = made.by("admin")("POST", "/api/users", json={"name": "zoe", "role": "artist"}).json["token"]
    preset = {"job_type": "render", "values": {}}
    assert made.by("supervisor")("PUT", "/api/submission-presets/film", json=preset).status_code == 200
    made.tokens.update(zoe=zoe, junk="let-me-in", guess="user_1_guess", worker="worker_1_secret")
    yield made, {"done": done, "job": job, "task": task["task_id"], "run": task["run_id"]}
    made.check_counters()
    made.database.close()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_mistake_is_one_sentence_and_changes_nothing(farm: tuple[Site, dict[str, Any]], case: Case) -> None:
    site, ids = farm
    before = everything(site)
    answer = send(site, case, ids)
    said = json.loads(answer.data)
    assert answer.status_code == case.status, said
    assert answer.content_type == "application/problem+json"
    assert (said["status"], said.get("field", "")) == (case.status, case.field), said
    assert filled(case.sentence, ids) in said["detail"]
    assert "\n" not in said["detail"] and said["title"] and said["type"]
    assert everything(site) == before


def test_the_table_of_the_documentation_has_every_case() -> None:
    table = (Path(__file__).parents[3] / "docs" / "bad-input.md").read_text(encoding="utf-8")
    names = [case.name if not case.name.startswith("unknown id") else "unknown id" for case in CASES]
    assert len({case.name for case in CASES}) == len(CASES)
    assert [name for name in names if f"| {name} |" not in table] == []


def send(site: Site, case: Case, ids: dict[str, Any]) -> Any:
    """Make the case's request."""
    method, path = case.call.split(" ", 1)
    more: dict[str, Any] = {"headers": dict(case.headers)}
    if case.body is not None:
        more["json"] = json.loads(filled(json.dumps(case.body), ids))
    if case.data is not None and case.unsized:
        more.update(
            input_stream=io.BytesIO(case.data), environ_overrides={"wsgi.input_terminated": True, "CONTENT_LENGTH": ""}
        )
    elif case.data is not None:
        more["data"] = case.data
    return site.by(case.who)(method, filled(path, ids), **more)


def filled(text: str, ids: dict[str, Any]) -> str:
    """Put the farm's ids in; a number alone in quotes becomes a number."""
    for name, value in ids.items():
        text = text.replace(f'"{{{name}}}"', json.dumps(value)).replace(f"{{{name}}}", str(value))
    return text


def everything(site: Site) -> tuple[dict[str, Any], list[str]]:
    """Every row of every table, and every file in the data folder but the database's own; not who looked when."""
    with site.database.reading() as session:
        rows = {
            table.name: session.execute(select(*(each for each in table.c if str(each) != "tokens.used_at"))).all()
            for table in Base.metadata.sorted_tables
        }
    files = sorted(
        str(path) for path in site.config.data_dir.rglob("*") if path.is_file() and "sqlite" not in path.name
    )
    return rows, files


OUTPUT = {"path": "0001.png", "sha256": HASH, "size": 5}
BAD_OUTPUTS = [
    ("path with ..", {"path": "../0001.png"}, "leaves the project's folder"),
    ("absolute path", {"path": "/etc/passwd"}, "is absolute"),
    ("root that is none", {"root": "home"}, "there is no root 'home'"),
    ("frame that no column holds", {"frame": 2**40}, "its frame is 1099511627776"),
    ("size below zero", {"size": -1}, "its size is -1"),
    ("kind that is too long", {"kind": "x" * 50}, "its kind has more than 12 characters"),
]


@pytest.mark.parametrize(("change", "sentence"), [row[1:] for row in BAD_OUTPUTS], ids=[row[0] for row in BAD_OUTPUTS])
def test_a_bad_output_of_a_run_is_refused_and_fails_no_other_update(
    site: Site, change: dict[str, Any], sentence: str
) -> None:
    site.worker("M1-a", "M1-b")
    site.submit()
    bad, good = site.task("M1-a"), site.task("M1-b")
    bad_update = update(bad, 1, status="completed", outputs=[{**OUTPUT, **change}])
    results = site.report(bad_update, update(good, 1, status="completed"))["results"]
    assert [result["accepted"] for result in results] == [False, True]
    assert sentence in results[0]["error"]
    outputs = site.by("viewer")("GET", f"/api/jobs/{bad['job_id']}/outputs").json["items"]
    assert outputs == []
    assert site.counts(bad["job_id"])["completed"] == 1


def test_what_a_renderer_printed_never_stops_a_report(site: Site) -> None:
    site.worker("M1-a")
    job = site.submit()
    task = site.task("M1-a")
    odd = "Fra:1 \x00\x01 \\u0000 \ufffd"
    result = site.finish(task, status="failed", reason=odd, log_tail=odd, peak_memory_mb=2**50)
    assert result["accepted"]
    run = site.by("viewer")("GET", f"/api/runs/{task['run_id']}").json
    assert run["reason"] == run["log_tail"] == odd.replace("\x00", "?")
    assert run["peak_memory_mb"] == 2**31 - 1
    assert site.counts(job) == {"queued": 3, "waiting": 1}
