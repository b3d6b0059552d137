"""What fails comes back by itself: the server, the event stream, the dashboard's own process. Pages are never reloaded."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
import requests
from browser import Visitor
from played_workers import PlayedWorkers
from playwright.sync_api import Page, Route, expect
from processes import until
from whole_farm import WholeFarm

pytestmark = pytest.mark.real

SOON = 30_000  # ms; on a quiet machine it is a few seconds


@pytest.fixture(scope="module")
def played(farm: WholeFarm) -> PlayedWorkers:
    """A site without machines."""
    return PlayedWorkers(farm, "recovery")


@pytest.fixture
def job(played: PlayedWorkers) -> Iterator[int]:
    """A job that waits."""
    made = played.submit("sc210 anim", paused=True)
    yield made
    played.farm.client.delete(made)


@pytest.fixture(autouse=True)
def mended(farm: WholeFarm) -> Iterator[None]:
    """Whatever a test stopped runs again at its end."""
    yield
    for name in ("server", "events", "dashboard"):
        part = farm.parts[name]
        if part.process is None or part.process.poll() is not None:
            part.start()
    farm.until_up("server")
    for port in (farm.events_port, farm.dashboard_port):
        until(lambda port=port: answers(f"http://127.0.0.1:{port}/health"), 60, "all of it answers")


def answers(url: str) -> bool:
    """Whether something answers there."""
    try:
        return requests.get(url, timeout=2).ok
    except requests.RequestException:
        return False


def opened(boss: Visitor, path: str) -> Page:
    """A page that would lose this mark if it were reloaded."""
    page = boss.open(path)
    expect(page.locator("main")).to_contain_text("sc210 anim")
    page.evaluate("window.neverReloaded = true")
    return page


def caught_up(boss: Visitor) -> None:
    """The page is live, was not reloaded, and says no longer that something is away."""
    expect(boss.page.locator("#away")).to_be_hidden(timeout=SOON)
    expect(boss.page.locator('#live[data-state="live"]')).to_be_attached(timeout=SOON)
    assert boss.page.evaluate("window.neverReloaded")
    boss.faults.clear()  # the console shows each call that nobody answered


def row_says(page: Page, text: str) -> None:
    """The job's row shows this."""
    expect(page.locator(".tabulator-row", has_text="sc210 anim")).to_contain_text(text, timeout=SOON)


def test_a_stopped_server_is_told_in_words_and_what_changed_follows(
    boss: Visitor, farm: WholeFarm, played: PlayedWorkers, job: int
) -> None:
    page = opened(boss, "/jobs?search=sc210")
    farm.parts["server"].stop()
    expect(page.locator("#away")).to_contain_text("server does not answer", timeout=SOON)
    row_says(page, "paused")  # it keeps what it showed
    farm.parts["server"].start()
    farm.until_up("server")
    farm.client.resume(job)
    row_says(page, "queued")
    caught_up(boss)


def test_the_farm_page_tells_it_too_and_goes_on(
    boss: Visitor, farm: WholeFarm, played: PlayedWorkers, job: int
) -> None:
    page = opened(boss, "/")
    farm.parts["server"].kill()
    expect(page.locator("#away")).to_contain_text("server does not answer", timeout=SOON)
    expect(page.get_by_role("region", name="In the queue")).to_contain_text("sc210 anim")
    farm.parts["server"].start()
    farm.until_up("server")
    farm.client.cancel(job)
    expect(page.get_by_role("region", name="In the queue")).not_to_contain_text("sc210 anim", timeout=SOON)
    caught_up(boss)


def test_a_page_that_opens_while_the_server_is_away_fills_itself(
    boss: Visitor, farm: WholeFarm, played: PlayedWorkers, job: int
) -> None:
    boss.open("/jobs")
    farm.parts["server"].stop()
    page = boss.page
    page.goto(boss.address + "/jobs?search=sc210")
    expect(page.locator("#away")).to_contain_text("server does not answer", timeout=SOON)
    expect(page.get_by_role("heading", name="Jobs")).to_be_visible()
    farm.parts["server"].start()
    row_says(page, "paused")
    expect(page.locator("#away")).to_be_hidden(timeout=SOON)
    boss.faults.clear()


def test_a_restarted_dashboard_signs_nobody_out_and_pages_go_on(
    boss: Visitor, farm: WholeFarm, played: PlayedWorkers, job: int
) -> None:
    page = opened(boss, "/jobs?search=sc210")
    farm.parts["dashboard"].stop()
    expect(page.locator("#away")).to_contain_text("dashboard does not answer", timeout=SOON)
    farm.client.resume(job)
    row_says(page, "paused")
    farm.parts["dashboard"].start()
    row_says(page, "queued")
    caught_up(boss)


def test_a_cut_event_stream_brings_what_it_missed(
    boss: Visitor, farm: WholeFarm, played: PlayedWorkers, job: int
) -> None:
    page = opened(boss, "/jobs?search=sc210")
    farm.parts["events"].kill()
    expect(page.locator('#live[data-state="away"]')).to_be_attached(timeout=SOON)
    farm.client.resume(job)
    farm.parts["events"].start()
    row_says(page, "queued")
    caught_up(boss)


def test_a_page_that_missed_more_than_is_kept_fetches_all_anew(
    boss: Visitor, farm: WholeFarm, played: PlayedWorkers, job: int
) -> None:
    page = opened(boss, "/jobs?search=sc210")
    farm.parts["events"].kill()
    farm.client.resume(job)
    with closing(sqlite3.connect(farm.folder / "server" / "flamenco-server.sqlite", timeout=60)) as database, database:
        forgotten = database.execute("DELETE FROM events WHERE id < (SELECT max(id) FROM events)").rowcount
    assert forgotten > 0
    farm.parts["events"].start()
    row_says(page, "queued")
    caught_up(boss)


def test_without_an_event_stream_the_page_looks_by_itself(
    boss: Visitor, farm: WholeFarm, played: PlayedWorkers, job: int
) -> None:
    page = opened(boss, "/jobs?search=sc210")
    farm.parts["events"].kill()
    expect(page.locator('#live[data-state="away"]')).to_be_attached(timeout=SOON)
    farm.client.resume(job)
    expect(page.locator(".tabulator-row", has_text="sc210 anim")).to_contain_text("queued", timeout=60_000)
    expect(page.locator('#live[data-state="away"]')).to_be_attached()
    boss.faults.clear()


def test_what_changes_while_a_page_opens_is_not_missed(
    boss: Visitor, farm: WholeFarm, played: PlayedWorkers, job: int
) -> None:
    def late(route: Route) -> None:
        answer = route.fetch()
        farm.client.resume(job)
        route.fulfill(response=answer)  # it tells of the job as it was

    boss.page.route("**/api/jobs?archived=false*", late, times=1)
    page = boss.open("/jobs?search=sc210")
    row_says(page, "queued")
