"""The client and the server agree: on submissions, on calls and on answers, by the server's own description."""

from __future__ import annotations

import dataclasses
import inspect
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from flamenco_client import pictures
from flamenco_client.api import Client
from flamenco_client.errors import Conflict, NotAllowed, NotFound, TryLater
from flamenco_client.pack import Pack, PackedFile
from flamenco_client.people import API, People
from flamenco_client.steering import Steering
from flamenco_client.submit import Submission, payload
from flamenco_common import authoring_media
from flamenco_server.modules.jobs.schemas import JobSubmission
from jsonschema import Draft202012Validator
from served_farm import Served
from server_parts import sha

PACK = Pack(Path("/project"), "a/b.blend", [PackedFile("a/b.blend", Path("/project/a/b.blend"), 3, sha(b"abc"))])
LOCAL = {"root", "files", "content", "scene", "version"}  # of a submission, for packing
EVERY = Submission(
    type="render", name="A shot", project="film", settings={"frames": "1-2"}, priority=70, blender="4.5", preset="final",
    overrides={"samples": 4}, paused=True, max_workers=3, tags=("fast",), comment="for Monday", allow_missing=True,
    shared=True, output_root=Path("/renders"), client_token="once",
)  # fmt: skip


def test_every_wish_of_a_submission_reaches_the_server() -> None:
    sent = msgspec.json.decode(msgspec.json.encode(payload(EVERY, PACK, "4.2", {"fps": 24})), type=JobSubmission)
    for name in ("type", "name", "project", "settings", "priority", "blender", "preset", "overrides", "paused",
                 "max_workers", "comment", "allow_missing", "client_token"):  # fmt: skip
        assert getattr(sent, name) == getattr(EVERY, name), name
    assert (sent.storage, sent.job_root, sent.output_root) == ("shared", "/project", "/renders")
    assert (sent.tags, sent.scene, sent.blend) == (["fast"], {"fps": 24}, "a/b.blend")
    assert [(file.path, file.sha256, file.size) for file in sent.files] == [("a/b.blend", sha(b"abc"), 3)]
    assert set(payload(EVERY, PACK, "4.2", {})) == set(JobSubmission.__struct_fields__)
    changed = {field.name for field in dataclasses.fields(EVERY) if getattr(EVERY, field.name) != field.default}
    assert changed >= {field.name for field in dataclasses.fields(EVERY)} - LOCAL


def test_what_is_not_wished_is_left_to_the_server() -> None:
    sent = msgspec.convert(payload(Submission(name="a", type="render"), PACK, "4.2", {}), JobSubmission)
    assert (sent.blender, sent.storage, sent.priority, sent.preset) == (">=4.2", "uploaded", 50, "")
    assert sent.client_token
    assert sent.client_token != msgspec.convert(payload(Submission(name="a", type="b"), PACK, "4.2", {}), JobSubmission)


class Watching(Client):
    """A client that notes its calls and what was answered."""

    def __init__(self, address: str, token: str) -> None:
        super().__init__(address, token, 1)
        self.heard: list[tuple[str, str, int, Any]] = []

    def _once(self, method: str, path: str, *more: Any, **named: Any) -> Any:
        answer = super()._once(method, path, *more, **named)
        self.heard.append((method, f"/api{path}", answer.status_code, answer.json() if answer.content else None))
        return answer


def use_everything(client: Watching, job: int, run: str) -> None:
    """Call every method that a person's tools use."""
    client.health()
    client.me()
    names = [found["name"] for found in client.job_types()]
    client.job_type(names[0])
    for many in (client.render_settings, client.projects, client.workers, client.managers, client.jobs):
        list(many())
    client.job(job)
    for each in (client.steps, client.tasks, client.outputs, client.runs):
        assert list(each(job))
    client.run(run)
    client.run_log(run)
    client.missing([sha(b"a")])
    client.change_job(job, priority=7)
    client.requeue(job)
    client.pause(job)
    client.resume(job)
    client.cancel(job)
    client.order_worker("M1-a", state="sleep")
    client.delete(job)


def use_people(client: Watching, session: Watching) -> None:
    """Call every method that is about people; `session` is one that ends."""
    begun = client.start_sign_in("Blender on ATLAS")
    assert client.poll_sign_in(begun["device_code"])["state"] == "pending"
    assert client.waiting_sign_in(begun["user_code"])["program"] == "Blender on ATLAS"
    client.approve_sign_in(begun["user_code"])
    assert client.poll_sign_in(begun["device_code"])["token"].startswith("user_")
    client.deny_sign_in(client.start_sign_in("another")["user_code"])
    made = client.create_user("zoe", "viewer", "a good password")
    client.change_user(made["id"], role="artist", enabled=True)
    client.accept_invite(client.invite_user(made["id"])["code"], "a better password", "a test")
    session.token = client.sign_in("zoe", "a better password", "a test")["token"]
    session._session.headers["Authorization"] = f"Bearer {session.token}"
    session.change_password("the best password", "a better password")
    session.keep_my_setting("dashboard.jobs", {"sort": "-priority"})
    assert session.my_setting("dashboard.jobs") == {"sort": "-priority"}
    assert [each["name"] for each in session.my_settings()] == ["dashboard.jobs"]
    session.keep_submission_preset("film", "render", {"samples": 4}, "The film")
    assert [each["owner"] for each in session.submission_presets()] == ["zoe"]
    session.delete_submission_preset("film")
    session.sign_out()
    with pytest.raises(NotAllowed):
        session.me()
    client.delete_token(client.create_token(user="zoe", label="x")["id"])
    assert [each["label"] for each in client.tokens(owner="zoe")] == ["first"], "sessions ended with the password"
    client.delete_user(made["id"])
    assert "zoe" not in [each["name"] for each in client.users()]
    with pytest.raises(Conflict):
        client.create_first_admin("boss", "a good password")


def test_calls_and_answers_about_people_are_those_of_the_servers_description(served: Served) -> None:
    client, session = (Watching(served.address, served.farm.tokens["admin"]) for _ in range(2))
    use_people(client, session)
    described = served.farm.by("admin")("GET", "/api/openapi.json").json
    for method, path, status, answer in client.heard + session.heard:
        check_answer(described, method, path, status, answer)
    public = {name for name in vars(People) if not name.startswith("_")}
    used = set(re.findall(r"(?:client|session)\.(\w+)", inspect.getsource(use_people)))
    assert public - used == set()
    assert client.me()["api"] == client.health()["api"] == API


def use_steering(client: Watching, jobs: list[int]) -> None:
    """Call every method that is about the whole farm."""
    assert client.farm()["workers"]["awake"] == 1
    assert client.farm_history(hours=1)["slot_seconds"] == 300
    assert len(client.worker_history("M1-a", hours=2)["at"]) == 3
    assert client.preview_jobs(jobs)["jobs"] == len(jobs)
    assert client.act_on_jobs(jobs, "priority", priority=9)["done"] == jobs
    assert client.order_workers(["M1-a", "none"], state="sleep")["done"] == ["M1-a"]
    made = client.create_enrolment(workers=2)
    assert [each["id"] for each in client.enrolments()] == [made["id"]]
    client.delete_enrolment(made["id"])
    client.clean_up()
    client.storage()


def test_calls_and_answers_about_the_farm_are_those_of_the_servers_description(served: Served) -> None:
    served.worker()
    client = Watching(served.address, served.farm.tokens["admin"])
    use_steering(client, [served.farm.job(), served.farm.job()])
    described = served.farm.by("admin")("GET", "/api/openapi.json").json
    for method, path, status, answer in client.heard:
        check_answer(described, method, path, status, answer)
    public = {name for name in vars(Steering) if not name.startswith("_")}
    assert public == set(re.findall(r"client\.(\w+)", inspect.getsource(use_steering)))


def test_who_tries_too_often_is_told_how_long_to_wait(served: Served) -> None:
    client = served.client()
    for _ in range(5):
        with pytest.raises(NotAllowed):
            client.sign_in("artist", "wrong", "a test")
    with pytest.raises(TryLater, match="too many tries") as caught:
        client.sign_in("artist", "wrong", "a test")
    assert caught.value.seconds == 1.0


def test_calls_and_answers_are_those_of_the_servers_description(served: Served) -> None:
    served.worker()
    data = b"a file"
    client = Watching(served.address, served.farm.tokens["admin"])
    client.call("PUT", f"/files/{sha(data)}", data=data)
    document = payload(
        Submission(name="a", type="video", settings={"fps": 24}),
        Pack(Path(), "", [PackedFile("1.png", Path("1.png"), len(data), sha(data))]), "", {},
    )  # fmt: skip
    submitted = client.submit(document)
    task = served.claim("a lease")
    assert task is not None
    output = {"path": "a.mp4", "sha256": sha(data), "size": len(data), "kind": "video", "frame": 1}
    served.report(task, 1, status="completed", outputs=[output], log="done\n")
    use_everything(client, submitted["id"], task["run_id"])
    described = served.farm.by("admin")("GET", "/api/openapi.json").json
    for method, path, status, answer in client.heard:
        check_answer(described, method, path, status, answer)
    public = {name for name in vars(Client) if inspect.isfunction(vars(Client)[name]) and not name.startswith("_")}
    used = set(re.findall(r"client\.(\w+)", inspect.getsource(use_everything)))
    assert public - used == {"submit", "call", "items", "twin", "stored", "cut", "forget_twins"}


def check_answer(described: dict[str, Any], method: str, path: str, status: int, answer: Any) -> None:
    """An answer is as described for that call."""
    (template,) = [each for each in described["paths"] if matches(each, path)]
    responses = described["paths"][template][method.lower()]["responses"]
    assert str(status) in responses, f"{method} {template} answers {status}"
    schema = responses[str(status)].get("content", {}).get("application/json", {}).get("schema")
    if schema is not None:
        Draft202012Validator({**schema, "components": described["components"]}).validate(answer)


def matches(template: str, path: str) -> bool:
    """Whether a path is one of a template's; words win over parameters."""
    parts, given = template.strip("/").split("/"), path.strip("/").split("/")
    return len(parts) == len(given) and all(
        part == word or (part.startswith("{") and word not in ("archive", "missing", "zip", "poll"))
        for part, word in zip(parts, given, strict=True)
    )


def test_a_deleted_job_is_gone(served: Served) -> None:
    job = served.farm.job()
    served.client("admin").delete(job)
    with pytest.raises(NotFound):
        served.client().job(job)


def test_pictures_and_sounds_are_the_same_on_both_sides() -> None:
    assert pictures.PICTURES == authoring_media.PICTURE_SUFFIXES
    assert pictures.SOUNDS == authoring_media.SOUND_SUFFIXES


def test_the_client_loads_without_the_rest_of_flamenco() -> None:
    """It is built into the add-on, which has nothing else of ours."""
    folder = Path(inspect.getfile(Client)).parents[1]
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]);"
        "import flamenco_client, flamenco_client.simulations;"
        "print(*(name.split('.')[0] for name in sys.modules if name.startswith(('flamenco_c', 'flamenco_s', 'msg'))))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) == {"flamenco_client"}
