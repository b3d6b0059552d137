"""The jobs page, further: what follows its user, what many jobs at once need, and a long list."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from browser import Visitor, axe, visitor
from played_workers import PlayedWorkers
from playwright.sync_api import Browser, Locator, Page, Response, expect
from whole_farm import WholeFarm

pytestmark = pytest.mark.real

NAMES = ("sc110 anim", "sc120 light", "sc130 fx", "sc140 comp")


@pytest.fixture(scope="module")
def played(farm: WholeFarm) -> PlayedWorkers:
    """A site with one machine."""
    site = PlayedWorkers(farm, "more jobs")
    site.awake("lathe")
    return site


@pytest.fixture(scope="module", autouse=True)
def listed(played: PlayedWorkers) -> Iterator[dict[str, int]]:
    """Four jobs that wait; gone at the end."""
    played.farm.client.call("POST", "/projects", data=b'{"name": "second film"}')
    made = {
        NAMES[0]: played.submit(NAMES[0], paused=True, priority=60),
        NAMES[1]: played.submit(NAMES[1], paused=True, tags=["gpu"], comment="again, brighter"),
        NAMES[2]: played.submit(NAMES[2], paused=True, project="second film"),
        NAMES[3]: played.submit(NAMES[3], paused=True, priority=40),
    }
    yield made
    _bulk(played.farm, list(made.values()), "delete")


def _bulk(farm: WholeFarm, jobs: list[int], action: str) -> dict[str, Any]:
    body = json.dumps({"ids": jobs, "action": action}).encode()
    return dict(farm.client.call("POST", "/bulk/jobs", data=body).json())


def rows(page: Page) -> Locator:
    """The rows that are drawn."""
    return page.locator(".jobs-table .tabulator-row")


def row(page: Page, name: str) -> Locator:
    """The row of a job."""
    return rows(page).filter(has_text=name)


def chosen(page: Page) -> Locator:
    """The rows that are selected."""
    return page.locator(".jobs-table .tabulator-row.tabulator-selected")


def mine(boss: Visitor, query: str = "") -> Page:
    """The jobs page with these four, by name."""
    page = boss.open(f"/jobs?search=sc1&sort=name{query}")
    expect(rows(page)).to_have_count(4)
    return page


def saved(response: Response) -> bool:
    """Whether this answers that something of one's own was kept."""
    return "/api/me/settings/" in response.url and response.request.method == "PUT" and response.ok


def requests_of(page: Page, path: str) -> list[str]:
    """Which calls the page makes to a path, from now on."""
    heard: list[str] = []
    page.on("request", lambda request: heard.append(request.method) if request.url.endswith(path) else None)
    return heard


# ---- what follows its user ----


def test_a_saved_view_and_columns_follow_their_owner_to_another_browser(
    browser: Browser, boss: Visitor, farm: WholeFarm
) -> None:
    page = mine(boss, "&state=paused")
    views = page.get_by_label("Saved views")
    views.select_option("Save this view…")
    page.get_by_label("Name").fill("Mornings")
    with page.expect_response(saved):
        page.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Columns").click()
    dialog = page.get_by_role("dialog", name="Columns")
    dialog.get_by_label("Project").uncheck()
    dialog.get_by_label("Comment").check()
    with page.expect_response(saved):
        dialog.get_by_role("button", name="Show these").click()
    head = page.locator(".jobs-table .tabulator-header")
    expect(head.get_by_text("Project")).to_be_hidden()

    with visitor(browser, boss.address, farm.token) as elsewhere:
        other = elsewhere.open("/jobs")
        head = other.locator(".jobs-table .tabulator-header")
        expect(head.get_by_text("Comment")).to_be_visible()
        expect(head.get_by_text("Project")).to_be_hidden()
        other.get_by_label("Saved views").select_option("Mornings")
        expect(rows(other)).to_have_count(4)
        expect(rows(other).first).to_contain_text(NAMES[0])
        assert "search=sc1&sort=name&state=paused" in other.url, "the address is the view"

        other.get_by_label("Saved views").select_option("Rename or delete…")
        views_dialog = other.get_by_role("dialog", name="Your views")
        views_dialog.get_by_label("Name of Mornings").fill("Evenings")
        with other.expect_response(saved):
            views_dialog.get_by_role("button", name="Rename").click()
        expect(other.get_by_label("Saved views").get_by_role("option", name="Evenings")).to_be_attached()

    page.reload()
    page.get_by_label("Saved views").get_by_role("option", name="Evenings").wait_for(state="attached")
    page.get_by_label("Saved views").select_option("Rename or delete…")
    with page.expect_response(saved):
        page.get_by_role("button", name="Delete Evenings").click()
    expect(page.get_by_label("Saved views").get_by_role("option", name="Evenings")).to_have_count(0)
    for name in ("dashboard.columns.jobs", "dashboard.views.jobs"):
        farm.client.call("PUT", f"/me/settings/{name}", data=b'{"value": null}')


def test_what_is_kept_for_one_user_is_not_anothers(boss: Visitor, browser: Browser, farm: WholeFarm) -> None:
    value = b'{"value": [["Only for the boss", "?state=failed"]]}'
    farm.client.call("PUT", "/me/settings/dashboard.views.jobs", data=value)
    token = farm.client.call("POST", "/users", data=b'{"name": "ida", "role": "artist"}').json()["token"]
    try:
        page = boss.open("/jobs")
        expect(page.get_by_label("Saved views").get_by_role("option", name="Only for the boss")).to_be_attached()
        with visitor(browser, boss.address, token) as ida, ida.page.expect_response("**/api/me/settings"):
            other = ida.open("/jobs")
            expect(rows(other).first).to_be_visible()
            expect(other.get_by_label("Saved views").get_by_role("option", name="Only for the boss")).to_have_count(0)
    finally:
        farm.client.call("PUT", "/me/settings/dashboard.views.jobs", data=b'{"value": null}')


# ---- finding ----


def test_filters_of_every_kind_and_the_order(boss: Visitor) -> None:
    page = mine(boss)
    for label, option, name in (
        ("All projects", "second film", NAMES[2]), ("All tags", "gpu", NAMES[1]),
    ):  # fmt: skip
        page.get_by_label(label).select_option(option)
        expect(rows(page)).to_have_count(1)
        expect(row(page, name)).to_be_visible()
        page.get_by_label(label).select_option("")
        expect(rows(page)).to_have_count(4)
    page.get_by_label("All people").select_option("boss")
    page.get_by_label("All types").select_option("render")
    expect(rows(page)).to_have_count(4)
    assert "owner=boss" in page.url and "type=render" in page.url
    page.locator(".tabulator-col", has_text="Priority").click()
    expect(rows(page).first).to_contain_text(NAMES[3])
    page.locator(".tabulator-col", has_text="Priority").click()
    expect(rows(page).first).to_contain_text(NAMES[0])
    page.wait_for_url("**sort=-priority**")
    page.reload()
    expect(rows(page).first).to_contain_text(NAMES[0])


# ---- choosing and acting ----


def test_rows_are_chosen_with_shift_and_ctrl_as_in_a_file_browser(boss: Visitor) -> None:
    page = mine(boss)
    row(page, NAMES[0]).click()
    row(page, NAMES[2]).click(modifiers=["Shift"])
    expect(chosen(page)).to_have_count(3)
    row(page, NAMES[1]).click(modifiers=["Control"])
    expect(chosen(page)).to_have_count(2)
    row(page, NAMES[3]).click(modifiers=["Control"])
    expect(page.get_by_role("toolbar", name="Selected jobs")).to_contain_text("3 jobs selected")
    row(page, NAMES[3]).click()
    expect(chosen(page)).to_have_count(1)
    page.get_by_role("button", name="Clear").click()
    expect(chosen(page)).to_have_count(0)


def test_keys_walk_back_pause_resume_and_open(boss: Visitor, listed: dict[str, int]) -> None:
    page = mine(boss)
    for pressed in ("j", "j", "j", "k"):
        page.keyboard.press(pressed)
    current = page.locator(".tabulator-row.current")
    expect(current).to_contain_text(NAMES[1])
    page.keyboard.press(" ")
    expect(row(page, NAMES[1])).to_contain_text("queued")
    page.keyboard.press(" ")
    expect(row(page, NAMES[1])).to_contain_text("paused")
    page.get_by_role("button", name="Columns").focus()
    page.keyboard.press(" ")
    expect(page.get_by_role("dialog", name="Columns")).to_be_visible()  # a focused button keeps its key
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    row(page, NAMES[1]).click()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/jobs/{listed[NAMES[1]]}*")


def test_many_jobs_are_one_request_and_canceling_is_taken_back(boss: Visitor, played: PlayedWorkers) -> None:
    page = mine(boss)
    asked, singly = requests_of(page, "/api/bulk/jobs"), requests_of(page, "/cancel")
    row(page, NAMES[0]).click()
    row(page, NAMES[3]).click(modifiers=["Shift"])
    bulk = page.get_by_role("toolbar", name="Selected jobs")
    bulk.get_by_role("button", name="Cancel", exact=True).click()
    page.get_by_role("button", name="Cancel them").click()
    for name in NAMES:
        expect(row(page, name)).to_contain_text("canceled")
    assert (asked, singly) == (["POST"], [])
    page.get_by_role("button", name="Undo").click()
    for name in NAMES:
        expect(row(page, name)).to_contain_text("queued")
    bulk.get_by_role("button", name="Pause").click()
    for name in NAMES:
        expect(row(page, name)).to_contain_text("paused")


def test_failed_tasks_of_many_jobs_are_requeued(boss: Visitor, played: PlayedWorkers, listed: dict[str, int]) -> None:
    client = played.farm.client
    failing = played.submit("sc1 failing", settings={"frames": "1"}, priority=900)
    try:
        # A machine that failed a task gets it again only when no other is there.
        machines = [f"mill {number}" for number in range(8)]
        for name in machines:
            played.awake(name)
            played.fail(name, "missing texture wood.png")
            if client.job(failing)["state"] == "failed":
                break
        assert client.job(failing)["state"] == "failed"
        played.awake(*machines, state="offline")
        page = boss.open("/jobs?search=sc1&sort=name")
        row(page, "sc1 failing").click()
        row(page, NAMES[0]).click(modifiers=["Control"])
        page.get_by_role("button", name="Requeue failed").click()
        expect(row(page, "sc1 failing")).to_contain_text("queued")
        expect(row(page, NAMES[0])).to_contain_text("paused")
    finally:
        client.delete(failing)


def test_a_priority_of_many_is_taken_back_to_what_each_had(
    boss: Visitor, played: PlayedWorkers, listed: dict[str, int]
) -> None:
    client = played.farm.client
    before = {name: client.job(job)["priority"] for name, job in listed.items()}
    page = mine(boss)
    row(page, NAMES[0]).click()
    row(page, NAMES[3]).click(modifiers=["Shift"])
    page.get_by_role("button", name="Priority…").click()
    page.get_by_label("Higher comes first").fill("88")
    page.get_by_role("button", name="Set it").click()
    for name in NAMES:
        expect(page.get_by_label(f"Priority 88 of {name}")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    for name, priority in before.items():
        expect(page.get_by_label(f"Priority {priority} of {name}")).to_be_visible()
    assert {name: client.job(job)["priority"] for name, job in listed.items()} == before


def test_what_goes_is_told_in_sum_before_many_are_deleted(boss: Visitor, played: PlayedWorkers) -> None:
    jobs = [played.submit(f"goes {number}", paused=True) for number in range(3)]
    page = boss.open("/jobs?search=goes&sort=name")
    row(page, "goes 0").click()
    row(page, "goes 2").click(modifiers=["Shift"])
    page.get_by_role("button", name="Delete…").click()
    dialog = page.get_by_role("dialog", name="Delete 3 jobs")
    expect(dialog).to_contain_text("30 tasks, 30 of them not finished")
    axe(page)
    dialog.get_by_role("button", name="Cancel").click()
    expect(rows(page)).to_have_count(3)
    page.get_by_role("button", name="Delete…").click()
    page.get_by_role("button", name="Delete for good").click()
    expect(rows(page)).to_have_count(0)
    left = {job["id"] for job in played.farm.client.jobs()}
    assert not left & set(jobs)


# ---- roles, a long list ----


def test_an_artist_may_change_their_own_jobs_and_no_others(
    browser: Browser, boss: Visitor, farm: WholeFarm, listed: dict[str, int]
) -> None:
    token = farm.client.call("POST", "/users", data=b'{"name": "ada", "role": "artist"}').json()["token"]
    with visitor(browser, boss.address, token) as ada:
        page = mine(ada)
        expect(page.get_by_role("button", name=f"Priority 60 of {NAMES[0]}")).to_have_count(0)
        row(page, NAMES[0]).click()
        expect(page.get_by_role("toolbar", name="Selected jobs")).to_contain_text("You may not change these.")
        forced = """async (ids) => (await (await fetch("/api/bulk/jobs", {method: "POST", body: JSON.stringify({ids, action: "cancel"}),
            headers: {"X-Flamenco-Mark": document.querySelector('meta[name="flamenco-mark"]').content}})).json())"""
        outcome = page.evaluate(forced, list(listed.values()))
        assert outcome["done"] == [] and len(outcome["refused"]) == 4, "the server refuses each"


def test_more_jobs_than_a_page_holds_are_listed_once_each_and_go_at_once(
    boss: Visitor, farm: WholeFarm, played: PlayedWorkers
) -> None:
    with ThreadPoolExecutor(4) as pool:
        jobs = list(pool.map(lambda number: played.submit(f"many {number}", paused=True), range(320)))
    try:
        page = boss.open("/jobs?search=many")
        total = len(list(farm.client.jobs()))
        summary = page.locator("h1 + [role=status]")
        expect(summary).to_have_text(f"320 of {total} jobs", timeout=20_000)
    finally:
        assert len(_bulk(farm, jobs, "delete")["done"]) == 320
    expect(summary).to_have_text(f"0 of {total - 320} jobs", timeout=20_000)
