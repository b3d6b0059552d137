"""Odd values in every place of every endpoint: the answer may be a refusal, but never a server error.

The endpoints and their fields are read from the record that makes the API's description, so a later one is tried too.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec
from flamenco_server.endpoints import Endpoint
from server_farm import ABILITIES, Site, on_both, update

pytestmark = on_both

NUMBERS = (2**31, 2**63, 2**70, -1, -(2**63) - 1)
TEXTS = ("", "a\x00b", "x" * 5000, "é" * 300, "%00", "'; DROP TABLE jobs; --")
VALUES: tuple[Any, ...] = (
    *NUMBERS, *TEXTS, 1.5, None, True, [], {}, ["a\x00b"], ["x" * 5000], [2**70], [[]], [{}], {"a\x00": "b\x00"},
)  # fmt: skip
RAW = (b"", b"null", b"[]", b"1", b"{", b"\xff\xfe", b"[" * 100_000, b'{"a":' * 5000, b'{"name": "\\ud800"}', b"{}x")
CURSORS: tuple[list[Any], ...] = (
    [1, 2],
    ["a", "b"],
    [None, None],
    [True, 1.5],
    ["a\x00", 1],
    [2**70, 2**70],
    [1e308, "x"],
)
PARTS = ("2147483648", "9223372036854775808", "0", "-1", "x" * 5000, "a%00b", "%ED%A0%80", "..%2f..%2fx", "%ff")

Request = tuple[str, str, str, dict[str, Any]]


def test_no_value_in_any_place_makes_a_server_error(site: Site) -> None:
    job = site.submit()
    site.worker("M1-a")
    task = site.task("M1-a")
    ids = {"job_id": job, "task_id": task["task_id"], "run_id": task["run_id"], "worker_id": "M1-a"}
    endpoints = site.app.extensions["flamenco"].endpoints
    assert len(endpoints) > 60
    bad = [request for each in endpoints for request in requests_to(site, each, ids) if is_bad(site, *request)]
    assert bad == []


def test_no_report_of_a_manager_makes_a_server_error(site: Site) -> None:
    site.submit()
    site.worker("M1-a")
    task = site.task("M1-a")
    bad = [body for body in reports(task) if is_bad(site, "manager", "PATCH", "/api/tasks", {"json": body})]
    assert bad == []


def is_bad(site: Site, who: str, method: str, path: str, more: dict[str, Any]) -> bool:
    answer = site.by(who)(method, path, **more)
    plain = answer.content_type != "application/problem+json" and method != "HEAD"
    return answer.status_code >= 500 or (answer.status_code >= 400 and plain)


def requests_to(site: Site, endpoint: Endpoint, ids: dict[str, Any]) -> Iterator[Request]:
    """Requests with one odd thing each."""
    who = "admin" if endpoint.access.role else "manager"
    good = address(endpoint.rule, ids)
    plain: dict[str, Any] = {"json": {}} if endpoint.body is not None else {}
    for part in PARTS if "<" in endpoint.rule else ():
        yield who, endpoint.method, re.sub(r"<[^>]+>", lambda _, part=part: part, endpoint.rule), plain
    if endpoint.method == "DELETE":
        return
    for name, text in queries(endpoint):
        more = {"lease": "L"} if endpoint.rule.endswith("scheduler/tasks") else {}
        yield who, endpoint.method, good, {"query_string": {**more, name: text}}
    if endpoint.body is not None:
        for raw in RAW:
            yield who, endpoint.method, good, {"data": raw}
        for number, (name, value) in enumerate(bodies(endpoint)):
            yield who, endpoint.method, good, {"json": {**needed(site, endpoint.rule, number), name: value}}


def address(rule: str, ids: dict[str, Any]) -> str:
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda found: str(ids.get(found[1], 1)), rule)


def queries(endpoint: Endpoint) -> Iterator[tuple[str, str]]:
    for field in msgspec.structs.fields(endpoint.query) if endpoint.query is not None else ():
        for text in (*map(str, NUMBERS), *TEXTS, "1e400", "nan", "9-1"):
            yield field.name, text
        if field.name == "cursor":
            for last in CURSORS:
                yield "cursor", base64.urlsafe_b64encode(json.dumps(last).encode()).decode().rstrip("=")


def bodies(endpoint: Endpoint) -> Iterator[tuple[str, Any]]:
    for field in msgspec.structs.fields(endpoint.body):
        for value in VALUES:
            yield field.name, value


def needed(site: Site, rule: str, number: int) -> dict[str, Any]:
    """What the body needs beside the odd value, so that it is the odd value that is looked at."""
    if rule == "/api/jobs":
        return site.submission()
    return {"name": f"n{number}"} if rule in ("/api/users", "/api/managers", "/api/projects") else {}


def reports(task: Any) -> Iterator[dict[str, Any]]:
    """Reports with one odd thing each."""
    worker = {"worker_id": "M1-z", "name": "n", "state": "awake", "abilities": ABILITIES}
    for name in ("worker_id", "name", "reason"):
        yield from ({"workers": [{**worker, name: text}]} for text in TEXTS)
    for name in ("cores", "memory_mb"):
        yield from ({"workers": [{**worker, "abilities": {**ABILITIES, name: value}}]} for value in NUMBERS)
    chunk = {"run_id": task["run_id"], "offset": 0, "text": "a\x00b", "size": 3}
    yield {"logs": [chunk, {**chunk, "offset": 2**70}, {**chunk, "size": -(2**70)}]}
    yield {"alive": list(TEXTS)}
    for seq, changed in enumerate(updates(), start=1):
        yield {"updates": [update(task, seq, **changed)]}
    yield {"updates": [update(task, 2**40, status="completed")]}


def updates() -> Iterator[dict[str, Any]]:
    for name in ("reason", "activity", "log", "log_tail"):
        yield from ({name: text} for text in TEXTS)
    yield from ({"peak_memory_mb": value} for value in NUMBERS)
    yield from ({"progress": value} for value in (1e308, -5, 2))
    yield {"timings": [{"frame": 2**40, "total": 1e308, "render": -1, "memory_mb": 2**70}]}
    yield {"commands": [{"a\x00": "\x00"}]}
    output = {"path": "a/b.png", "sha256": "", "size": 1}
    for name in ("path", "sha256", "kind", "root", "layer", "thumbnail"):
        yield from ({"outputs": [{**output, name: text}]} for text in TEXTS)
    for name in ("size", "frame", "width", "height"):
        yield from ({"outputs": [{**output, name: value}]} for value in NUMBERS)
