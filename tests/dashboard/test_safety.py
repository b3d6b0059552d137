"""Nobody gets in, and nothing that somebody typed becomes a part of a page."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from browser import Visitor, visitor
from flamenco_dashboard.app import POLICY
from flamenco_dashboard.config import DashboardConfig
from flamenco_dashboard.serving import make_server
from played_workers import PlayedWorkers
from playwright.sync_api import Browser, expect
from werkzeug.test import Client
from whole_farm import WholeFarm

pytestmark = pytest.mark.real

EVIL = "<script>alert(1)</script>"
PAGES = (
    "/",
    "/jobs",
    "/workers",
    "/managers",
    "/settings",
    "/settings/users",
    "/start",
    "/approve",
    "/sign-in",
    "/nowhere",
)


@pytest.fixture(scope="module")
def address(farm: WholeFarm) -> str:
    """Of the dashboard."""
    return f"http://127.0.0.1:{farm.dashboard_port}"


@pytest.fixture
def session(farm: WholeFarm, address: str) -> Iterator[requests.Session]:
    """Somebody signed in, without a browser; `mark` is that of their pages."""
    with requests.Session() as made:
        made.cookies.set("flamenco_session", farm.token)
        yield made


def mark(session: requests.Session, address: str) -> str:
    """What a page of the dashboard sends with each change."""
    found = re.search(r'name="flamenco-mark" content="([0-9a-f]+)"', session.get(address + "/jobs").text)
    assert found
    return found[1]


# ---- every answer ----


def test_every_page_has_the_strict_policy(session: requests.Session, address: str) -> None:
    assert "unsafe" not in POLICY and "default-src 'none'" in POLICY and "script-src 'self'" in POLICY
    for path in PAGES:
        answer = session.get(address + path)
        assert answer.headers["Content-Security-Policy"] == POLICY, path
        assert answer.headers["X-Content-Type-Options"] == "nosniff", path
        assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|\sstyle=|javascript:", answer.text), path


def test_what_the_server_sends_never_runs_in_the_dashboards_name(session: requests.Session, address: str) -> None:
    answer = session.get(address + "/api/me")
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert session.get(address + "/api/sign-in").headers["Content-Disposition"] == "attachment"


def test_nothing_is_shown_to_who_is_not_signed_in(address: str) -> None:
    for path in PAGES[:8]:
        answer = requests.get(address + path, allow_redirects=False, timeout=30)
        assert (answer.status_code, answer.headers["Location"].startswith("/sign-in")) == (302, True), path
    for path in ("/api/jobs", "/api/me", "/events"):
        assert requests.get(address + path, allow_redirects=False, timeout=30).status_code in (302, 401), path
    for wrong in ("user_1_nonsense", "", "x" * 600, "user_1_\u00e9"):
        cookies = {"flamenco_session": wrong.encode("latin-1").decode("latin-1")}
        assert requests.get(address + "/api/jobs", cookies=cookies, timeout=30).status_code == 401, wrong


# ---- cookies and marks ----


def test_the_sessions_cookie_is_for_nobody_elses_script_or_page(farm: WholeFarm, address: str) -> None:
    with requests.Session() as made:
        form = made.get(address + "/sign-in")
        sent = {"mark": re.search(r'name="mark" value="(\w+)"', form.text)[1], "token": farm.token}  # type: ignore[index]
        answer = made.post(address + "/sign-in", data=sent, allow_redirects=False)
    set_cookie = next(each for each in answer.raw.headers.getlist("Set-Cookie") if each.startswith("flamenco_session"))
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(set_cookie.split("; "))
    assert farm.token not in set_cookie, "the session has a token of its own, which signing out ends"


@pytest.mark.parametrize(
    ("given", "origin"), [("", ""), ("0" * 64, ""), ("its own", "https://evil.example"), ("\u00e9", "")]
)
def test_a_change_without_the_pages_own_mark_is_refused(
    session: requests.Session, address: str, farm: WholeFarm, given: str, origin: str
) -> None:
    sent = {"X-Flamenco-Mark": mark(session, address) if given == "its own" else given.encode("utf-8")}
    if origin:
        sent["Origin"] = origin
    before = farm.client.call("GET", "/projects").json()["items"]
    answer = session.post(address + "/api/projects", json={"name": "forged"}, headers=sent)
    assert answer.status_code == 403
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert farm.client.call("GET", "/projects").json()["items"] == before


def test_anothers_mark_is_not_mine(session: requests.Session, address: str, farm: WholeFarm) -> None:
    token = farm.client.call("POST", "/users", data=b'{"name": "mallory", "role": "artist"}').json()["token"]
    with requests.Session() as other:
        other.cookies.set("flamenco_session", token)
        theirs = mark(other, address)
    answer = session.post(address + "/api/projects", json={"name": "forged"}, headers={"X-Flamenco-Mark": theirs})
    assert answer.status_code == 403


def test_guessing_is_slowed_down_and_says_so(browser: Browser, address: str) -> None:
    with visitor(browser, address) as guesser:
        page = guesser.page
        page.goto(address + "/sign-in")
        for number in range(12):
            page.get_by_label("Name").fill("nobody-of-that-name")
            page.get_by_label("Password").fill(f"guess {number}")
            with page.expect_response(lambda answer: answer.request.method == "POST") as answered:
                page.get_by_role("button", name="Sign in", exact=True).click()
            expect(page.get_by_role("alert")).to_be_visible()
            if answered.value.status == 429:
                break
        assert answered.value.status == 429
        expect(page.get_by_role("alert")).to_contain_text(re.compile("wait|again|later", re.IGNORECASE))
        guesser.faults.clear()  # the console shows the refusals


RANKS = ("viewer", "artist", "supervisor", "admin")
WRITES = (
    ("artist", "POST", "/sample", {}),
    ("artist", "POST", "/api/bulk/jobs", {"ids": [1], "action": "pause"}),
    ("supervisor", "POST", "/api/bulk/workers", {"ids": ["M1-a"], "order": {"enabled": False}}),
    ("supervisor", "POST", "/api/enrolments", {"workers": 1}),
    ("supervisor", "PUT", "/api/render-settings/mine", {"overrides": {}}),
    ("admin", "POST", "/api/managers", {"name": "theirs"}),
    ("admin", "POST", "/api/users", {"name": "theirs", "role": "admin"}),
    ("admin", "PUT", "/api/settings/notice", {"value": "theirs"}),
    ("admin", "POST", "/api/storage/clean-up", {}),
)


@pytest.mark.parametrize("role", RANKS[:3])
def test_each_role_is_refused_what_is_above_it(farm: WholeFarm, address: str, role: str) -> None:
    body = json.dumps({"name": f"only {role}", "role": role}).encode()
    with requests.Session() as made:
        made.cookies.set("flamenco_session", farm.client.call("POST", "/users", data=body).json()["token"])
        sent = {"X-Flamenco-Mark": mark(made, address)}
        for least, method, path, document in WRITES:
            if RANKS.index(role) < RANKS.index(least):
                answer = made.request(method, address + path, json=document, headers=sent)
                assert answer.status_code == 403, (role, path)
                assert answer.json()["detail"], (role, path)


def test_behind_https_cookies_are_for_https_only() -> None:
    served = make_server(DashboardConfig(public_url="https://farm.studio.example", port=0))
    set_cookie = Client(served.application).get("/sign-in").headers["Set-Cookie"]
    assert {"Secure", "HttpOnly", "SameSite=Lax"} <= set(set_cookie.split("; "))


# ---- names ----


def test_what_somebody_named_a_script_is_text_on_every_page(boss: Visitor, farm: WholeFarm) -> None:
    played = PlayedWorkers(farm, EVIL)
    client = farm.client
    played.awake("evil", name=EVIL, reason=EVIL)
    client.call("POST", "/users", data=json.dumps({"name": EVIL, "role": "artist"}).encode())
    client.call("POST", "/projects", data=json.dumps({"name": EVIL}).encode())
    job = played.submit(EVIL, comment=EVIL, project=EVIL, priority=999)
    try:
        task = played.task("evil")
        played.update(task, status="failed", reason=EVIL, log_tail=f"{EVIL}\n")
        boss.page.on("dialog", lambda dialog: boss.faults.append(f"a script ran: {dialog.message}"))
        for path in (
            "/", "/jobs", f"/jobs/{job}", f"/jobs/{job}#activity", f"/jobs/{job}#settings",
            f"/jobs/{job}/tasks/{task['task_id']}", "/workers", f"/workers/M{played.manager}-evil", "/managers",
            f"/managers/{played.manager}", "/settings/users", "/settings/projects", "/settings/log",
        ):  # fmt: skip
            page = boss.open(path)
            expect(page.locator("main").get_by_text(EVIL).first).to_be_attached()
            assert page.locator("main script").count() == 0, path
    finally:
        client.delete(job)


def test_the_sources_of_the_dashboard_make_no_markup_of_text() -> None:
    static = Path(__file__).parents[2] / "backend" / "dashboard" / "flamenco_dashboard" / "static" / "js"
    banned = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|setHTML")
    found = [str(file) for file in static.rglob("*.js") if banned.search(file.read_text(encoding="utf-8"))]
    assert not found
