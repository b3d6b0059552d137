"""The jobs page, as a supervisor uses it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from browser import Visitor, visitor
from played_workers import PlayedWorkers
from playwright.sync_api import Browser, Locator, Page, expect
from processes import until
from whole_farm import WholeFarm

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def played(farm: WholeFarm) -> PlayedWorkers:
    """A site without machines."""
    return PlayedWorkers(farm, "jobs")


@pytest.fixture(scope="module", autouse=True)
def listed(played: PlayedWorkers) -> Iterator[dict[str, int]]:
    """Some jobs; gone at the end."""
    made = {
        "sc010 anim": played.submit("sc010 anim", paused=True, priority=60, tags=["gpu"]),
        "sc020 light": played.submit("sc020 light", paused=True, comment="for the dailies"),
        "<script>alert(1)</script>": played.submit("<script>alert(1)</script>", paused=True, priority=10),
    }
    yield made
    for job in made.values():
        played.farm.client.delete(job)


def rows(page: Page) -> Locator:
    """The rows that are drawn."""
    return page.locator(".jobs-table .tabulator-row")


def row(page: Page, name: str) -> Locator:
    """The row of a job."""
    return rows(page).filter(has_text=name)


def test_every_job_has_a_row_and_a_name_is_a_name(boss: Visitor) -> None:
    page = boss.open("/jobs")
    expect(row(page, "sc010 anim")).to_contain_text("paused")
    expect(row(page, "<script>alert(1)</script>")).to_have_count(1)
    assert page.evaluate("document.querySelectorAll('main script').length") == 0


def test_filters_stand_in_the_address(boss: Visitor) -> None:
    page = boss.open("/jobs")
    page.get_by_label("Search jobs").fill("dailies")
    expect(rows(page)).to_have_count(1)
    page.wait_for_url("**search=dailies")
    page.reload()
    expect(rows(page)).to_have_count(1)
    page.goto(boss.address + "/jobs?tag=gpu&state=paused")
    expect(rows(page)).to_have_count(1)
    expect(row(page, "sc010 anim")).to_be_visible()
    page.get_by_role("button", name="paused").click()
    page.get_by_role("button", name="completed").click()
    expect(rows(page)).to_have_count(0)


def test_jobs_are_resumed_and_paused_in_bulk_and_taken_back(boss: Visitor, listed: dict[str, int]) -> None:
    page = boss.open("/jobs?sort=name")
    row(page, "sc010 anim").click()
    row(page, "sc020 light").click(modifiers=["Shift"])
    bulk = page.get_by_role("toolbar", name="Selected jobs")
    expect(bulk).to_contain_text("2 jobs selected")
    bulk.get_by_role("button", name="Resume").click()
    expect(row(page, "sc010 anim")).to_contain_text("queued")
    expect(row(page, "sc020 light")).to_contain_text("queued")
    page.get_by_role("button", name="Undo").click()
    expect(row(page, "sc010 anim")).to_contain_text("paused")
    expect(row(page, "sc020 light")).to_contain_text("paused")


def test_keys_walk_select_and_search(boss: Visitor) -> None:
    page = boss.open("/jobs?sort=name")
    expect(row(page, "sc010 anim")).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator(".tabulator-row.tabulator-selected")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.locator(".tabulator-row.tabulator-selected")).to_have_count(0)
    page.keyboard.press("/")
    page.keyboard.type("sc020")
    expect(rows(page)).to_have_count(1)
    page.get_by_role("heading", name="Jobs").click()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_contain_text("Next job")


def test_priority_is_set(boss: Visitor, played: PlayedWorkers, listed: dict[str, int]) -> None:
    page = boss.open("/jobs")
    page.get_by_label("Priority 50 of sc020 light").click()
    page.get_by_label("Higher comes first").fill("77")
    page.get_by_role("button", name="Set it").click()
    expect(page.get_by_label("Priority 77 of sc020 light")).to_be_visible()
    assert played.farm.client.job(listed["sc020 light"])["priority"] == 77


def test_a_row_dragged_between_two_others_gets_a_priority_between(
    boss: Visitor, played: PlayedWorkers, listed: dict[str, int]
) -> None:
    client = played.farm.client
    for name, priority in (("sc010 anim", 60), ("sc020 light", 40), ("<script>alert(1)</script>", 10)):
        client.change_job(listed[name], priority=priority)
    page = boss.open("/jobs?sort=-priority")
    expect(rows(page).nth(0)).to_contain_text("sc010 anim")
    moving, goal = rows(page).nth(2).bounding_box(), rows(page).nth(1).bounding_box()
    assert moving and goal
    page.mouse.move(moving["x"] + 600, moving["y"] + 27)
    page.mouse.down()
    expect(page.locator(".tabulator-moving")).to_be_visible()  # after a press of a quarter of a second
    page.mouse.move(goal["x"] + 600, goal["y"] + 40, steps=5)
    page.mouse.move(goal["x"] + 600, goal["y"] + 8, steps=5)
    page.mouse.up()
    priority = until(
        lambda: (now := client.job(listed["<script>alert(1)</script>"])["priority"]) != 10 and now, 20, "it moved"
    )
    assert 40 < priority < 60


def test_what_changes_elsewhere_is_on_screen_within_a_second(boss: Visitor, played: PlayedWorkers) -> None:
    page = boss.open("/jobs")
    job = played.submit("made elsewhere", paused=True)
    try:
        expect(row(page, "made elsewhere")).to_be_visible()
        played.farm.client.resume(job)
        expect(row(page, "made elsewhere")).to_contain_text("queued")
    finally:
        played.farm.client.delete(job)
    expect(row(page, "made elsewhere")).to_have_count(0)


def test_what_goes_is_shown_before_it_is_deleted(boss: Visitor, played: PlayedWorkers) -> None:
    job = played.submit("to be deleted", paused=True)
    page = boss.open("/jobs?search=to+be+deleted")
    row(page, "to be deleted").click()
    page.get_by_role("button", name="Delete…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("10 tasks")
    dialog.get_by_role("button", name="Delete for good").click()
    expect(rows(page)).to_have_count(0)
    assert not [each for each in played.farm.client.jobs() if each["id"] == job]


def test_who_may_only_look_has_no_buttons_and_is_refused(
    browser: Browser, farm: WholeFarm, listed: dict[str, int]
) -> None:
    token = farm.client.call("POST", "/users", data=b'{"name": "eve", "role": "viewer"}').json()["token"]
    with visitor(browser, f"http://127.0.0.1:{farm.dashboard_port}", token) as eve:
        page = eve.open("/jobs")
        row(page, "sc010 anim").click()
        bulk = page.get_by_role("toolbar", name="Selected jobs")
        expect(bulk).to_contain_text("You may not change these.")
        expect(bulk.get_by_role("button", name="Resume")).to_have_count(0)
        job = listed["sc010 anim"]
        marked = """async (job) => (await fetch(`/api/jobs/${job}/resume`, {method: "POST", body: "{}",
            headers: {"X-Flamenco-Mark": document.querySelector('meta[name="flamenco-mark"]').content}})).status"""
        unmarked = """async (job) => (await fetch(`/api/jobs/${job}/resume`, {method: "POST", body: "{}"})).status"""
        assert page.evaluate(marked, job) == 403, "the server refuses"
        assert page.evaluate(unmarked, job) == 403, "the dashboard refuses what comes without its mark"
        eve.faults.clear()  # the console shows refused requests
    assert farm.client.job(job)["state"] == "paused"
