"""The farm at a glance: what works, what is stuck and why, and the button that mends it. The alerts are made to happen.

What takes minutes to come about (silence, a stuck job) is made older in the database; a full disk is played at the edge.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from browser import Visitor, visitor
from played_workers import PlayedWorkers
from playwright.sync_api import Browser, Locator, Page, Route, expect
from processes import until
from whole_farm import WholeFarm, whole_farm

pytestmark = pytest.mark.real

PAINTED = """([label, colour]) => {
    const canvas = document.querySelector(`[role=img][aria-label^="${label}"] canvas`);
    if (!canvas) return false;
    const hex = getComputedStyle(document.documentElement).getPropertyValue(`--${colour}`).trim();
    const wanted = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
    const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
    for (let at = 0; at < pixels.length; at += 4)
        if (pixels[at + 3] && wanted.every((value, by) => Math.abs(pixels[at + by] - value) < 12)) return true;
    return false;
}"""


@pytest.fixture(scope="module")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WholeFarm]:
    """A farm of this module's own, as figures are of all that it has."""
    for running in whole_farm(tmp_path_factory.mktemp("farm-now") / "farm"):
        running.start_dashboard()
        yield running


@pytest.fixture(scope="module")
def played(farm: WholeFarm) -> PlayedWorkers:
    """A site without machines yet."""
    return PlayedWorkers(farm, "north")


def change(farm: WholeFarm, statement: str, *values: Any) -> None:
    """Let time have passed in the server's database."""
    with closing(sqlite3.connect(farm.folder / "server" / "flamenco-server.sqlite", timeout=60)) as database, database:
        assert database.execute(statement, values).rowcount > 0, statement


def alert(page: Page, text: str) -> Locator:
    """The alert that says this."""
    return page.get_by_role("region", name="Alerts").locator(".alert").filter(has_text=text)


def told(farm: WholeFarm, kind: str) -> None:
    """Wait until the server tells of an alert of that kind: what it says is two seconds old at most."""
    said = lambda: [each["kind"] for each in farm.client.call("GET", "/farm").json()["alerts"]]  # noqa: E731
    until(lambda: kind in said(), 30, kind)


def test_a_new_farm_shows_the_way_to_its_first_frame(boss: Visitor) -> None:
    page = boss.open("/")
    expect(page.get_by_role("region", name="Nothing was rendered here yet")).to_be_visible()
    expect(page.get_by_text("The queue is empty.")).to_be_visible()
    page.get_by_role("link", name="First start").click()
    page.wait_for_url("**/start")


def test_jobs_that_nobody_can_take_are_told_with_the_way_to_a_worker(
    boss: Visitor, farm: WholeFarm, played: PlayedWorkers
) -> None:
    job = played.submit("sc500 nobody")
    try:
        told(farm, "no workers")
        page = boss.open("/")
        alert(page, "1 job waits, and no worker takes work").get_by_role("link", name="Add a worker").click()
        page.wait_for_url("**/managers#add")
    finally:
        farm.client.delete(job)


def test_workers_jobs_frames_and_the_end_of_the_queue_in_figures(
    boss: Visitor, farm: WholeFarm, played: PlayedWorkers
) -> None:
    played.awake("anvil", "bellows")
    played.awake("chisel", state="asleep")
    job, paused = played.submit("sc510 anim"), played.submit("sc520 light", paused=True)
    played.render("anvil", frames=4, seconds=60)
    played.task("bellows")
    until(lambda: farm.client.call("GET", "/farm").json()["last_hour"]["frames"] == 4, 30, "the server counted them")
    page = boss.open("/")
    figures = page.get_by_role("region", name="In figures")
    for text in ("1 of 3", "1 asleep", "1 paused", "all is well"):
        expect(figures).to_contain_text(text)
    expect(figures.locator(".figure", has_text="frames in the last hour")).to_contain_text("4")
    expect(figures.locator(".figure", has_text="until the queue is empty")).to_contain_text("at ")
    queue = page.get_by_role("region", name="In the queue")
    expect(queue).to_contain_text("40 % of 10 tasks")
    expect(page.locator(".tile").filter(has_text="bellows")).to_contain_text("sc510 anim 5")
    expect(page.locator(".tile").filter(has_text="anvil")).to_contain_text("idle")
    expect(page.locator(".tile").filter(has_text="chisel")).to_contain_text("asleep")
    expect(page.get_by_role("region", name="Storage")).to_contain_text("free of")
    until(lambda: page.evaluate(PAINTED, ["Frames an hour", "completed"]), 20, "frames an hour are drawn")
    until(lambda: page.evaluate(PAINTED, ["Share of the workers' time", "processing"]), 20, "utilisation is drawn")

    queue.get_by_role("button", name="Resume").click()
    until(lambda: farm.client.job(paused)["state"] == "queued", 20, "it is resumed")
    played.render("anvil", seconds=60)
    expect(queue).to_contain_text("50 % of 10 tasks")
    for each in (job, paused):
        farm.client.delete(each)
    expect(figures).to_contain_text("nothing to do", timeout=20_000)


def test_a_machine_that_fails_is_told_and_taken_back(
    browser: Browser, boss: Visitor, farm: WholeFarm, played: PlayedWorkers
) -> None:
    played.awake("anvil")
    job = played.submit("sc530 anim")
    for _ in range(3):
        played.fail("anvil", "CUDA out of memory")
    told(farm, "failing worker")
    token = farm.client.call("POST", "/users", data=b'{"name": "eve", "role": "viewer"}').json()["token"]
    with visitor(browser, boss.address, token) as eve:
        page = eve.open("/")
        expect(alert(page, "anvil failed 3 tasks in a row").get_by_role("link", name="Look")).to_be_visible()
        expect(page.get_by_role("button", name="Take it back")).to_have_count(0)
    page = boss.open("/")
    alert(page, "anvil failed 3 tasks in a row").get_by_role("button", name="Take it back").click()
    expect(alert(page, "anvil failed")).to_have_count(0, timeout=20_000)
    farm.client.delete(job)


def test_a_worker_that_fell_silent_is_told_and_counted_on_no_longer(
    boss: Visitor, farm: WholeFarm, played: PlayedWorkers
) -> None:
    played.awake("dolly")
    change(farm, "UPDATE workers SET last_seen_at = last_seen_at - 600 WHERE name = ?", "dolly")
    told(farm, "silent worker")
    page = boss.open("/")
    alert(page, "dolly fell silent").get_by_role("button", name="Disable it").click()
    expect(alert(page, "dolly fell silent")).to_have_count(0, timeout=20_000)
    assert farm.worker("dolly")["enabled"] is False
    page.get_by_role("button", name="Undo").click()
    until(lambda: farm.worker("dolly")["enabled"], 20, "it is taken back")
    played.awake("dolly", state="offline")


def test_a_site_that_falls_silent_is_one_alert(boss: Visitor, farm: WholeFarm, played: PlayedWorkers) -> None:
    names = [f"rack-{number}" for number in range(1, 5)]
    played.awake(*names)
    change(farm, "UPDATE workers SET last_seen_at = last_seen_at - 600 WHERE name LIKE 'rack-%'")
    told(farm, "silent worker")
    page = boss.open("/")
    one = alert(page, "4 workers fell silent.")
    expect(page.locator(".alert[data-kind='silent worker']")).to_have_count(1)
    one.get_by_text("Which?").click()
    for name in names:
        expect(one.get_by_text(f"{name} fell silent")).to_be_visible()
    one.get_by_role("button", name="Disable them").click()
    expect(one).to_have_count(0, timeout=20_000)
    assert not any(farm.worker(name)["enabled"] for name in names)


def test_what_has_the_focus_keeps_it_while_the_farm_changes(
    boss: Visitor, farm: WholeFarm, played: PlayedWorkers
) -> None:
    jobs = [played.submit("sc560 anim", paused=True)]
    page = boss.open("/")
    queue = page.get_by_role("region", name="In the queue")
    queue.get_by_role("button", name="Resume").focus()
    jobs.append(played.submit("sc570 anim"))
    expect(queue).to_contain_text("sc570 anim")
    expect(queue.get_by_role("button", name="Resume")).to_be_focused()
    for job in jobs:
        farm.client.delete(job)


def test_a_silent_manager_is_told(boss: Visitor, farm: WholeFarm, played: PlayedWorkers) -> None:
    change(farm, "UPDATE managers SET last_seen_at = last_seen_at - 600 WHERE name = 'north'")
    told(farm, "silent manager")
    page = boss.open("/")
    alert(page, "The manager north was not heard of").get_by_role("link", name="Look").click()
    page.wait_for_url(f"**/managers/{played.manager}")


def test_a_stuck_job_leads_to_why(boss: Visitor, farm: WholeFarm, played: PlayedWorkers) -> None:
    played.awake("anvil")
    job = played.submit("sc540 anim", tags=["gpu"])
    change(farm, "UPDATE jobs SET created_at = created_at - 600 WHERE id = ?", job)
    told(farm, "stuck job")
    page = boss.open("/")
    alert(page, "The job 'sc540 anim' is stuck").get_by_role("link", name="Look").click()
    page.wait_for_url(f"**/jobs/{job}")
    expect(page.locator("main")).to_contain_text("Why is it waiting?")
    farm.client.delete(job)


def test_a_run_that_takes_far_too_long_leads_to_its_task(boss: Visitor, farm: WholeFarm, played: PlayedWorkers) -> None:
    played.awake("anvil")
    job = played.submit("sc550 anim")
    played.render("anvil", frames=4)
    task = played.task("anvil")
    change(farm, "UPDATE runs SET started_at = started_at - 5000 WHERE id = ?", task["run_id"])
    told(farm, "long run")
    page = boss.open("/")
    alert(page, "anvil has worked on a task").get_by_role("button", name="Look").click()
    page.wait_for_url(f"**/jobs/{job}/tasks/{task['task_id']}*")
    farm.client.delete(job)


def test_a_full_disk_leads_to_the_clean_up(boss: Visitor) -> None:
    def full(route: Route) -> None:
        answer = route.fetch()
        said = answer.json()
        said["storage"]["disk_free_bytes"] = 10**9
        said["alerts"] = [
            {"kind": "disk low", "about": "farm", "text": "The disk has 1.0 GB left.", "ids": [], "since": None}
        ]
        route.fulfill(response=answer, body=json.dumps(said))

    boss.page.route("**/api/farm", full)
    page = boss.open("/")
    expect(page.get_by_role("region", name="Storage")).to_contain_text("1.0 GB free")
    alert(page, "The disk has 1.0 GB left").get_by_role("link", name="Clean up").click()
    page.wait_for_url("**/settings/storage")
    boss.page.unroute("**/api/farm")


def test_it_can_be_read_from_the_other_end_of_the_room(boss: Visitor) -> None:
    page = boss.open("/")
    expect(page.locator(".figure .big").first).to_be_visible()
    size = "Number.parseFloat(getComputedStyle(document.querySelector('.figure .big')).fontSize)"
    before = page.evaluate(size)
    page.keyboard.press("f")
    expect(page.locator("header.top")).to_be_hidden()
    assert page.evaluate(size) > 1.4 * before
    page.keyboard.press("f")
    expect(page.locator("header.top")).to_be_visible()
