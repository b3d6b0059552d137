"""A table of many rows draws those that are seen: all of five thousand would freeze the browser."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from browser import DESKTOP, PHONE, Visitor, visitor
from played_workers import PlayedWorkers
from playwright.sync_api import Browser, ViewportSize, expect
from whole_farm import WholeFarm

pytestmark = pytest.mark.real
JOBS = 50


@pytest.fixture(scope="module", autouse=True)
def jobs(farm: WholeFarm) -> Iterator[None]:
    """More jobs than a screen has rows; gone at the end."""
    played = PlayedWorkers(farm, "long tables")
    made = [played.submit(f"row {number:02d}", paused=True) for number in range(JOBS)]
    yield
    body = json.dumps({"ids": made, "action": "delete"}).encode()
    farm.client.call("POST", "/bulk/jobs", data=body)


@pytest.mark.parametrize("screen", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_only_the_rows_that_are_seen_are_drawn(browser: Browser, farm: WholeFarm, screen: ViewportSize) -> None:
    who: Visitor
    with visitor(browser, f"http://127.0.0.1:{farm.dashboard_port}", farm.token, viewport=screen) as who:
        page = who.open("/jobs?search=row")
        expect(page.locator(".tabulator-row").first).to_be_visible()
        expect(page.locator(".tabulator-row")).not_to_have_count(0)
        assert page.locator(".tabulator-row").count() < JOBS - 10
        page.locator(".tabulator-tableholder").evaluate("(holder) => { holder.scrollTop = holder.scrollHeight; }")
        expect(page.locator(".tabulator-row").filter(has_text="row 00")).to_be_visible()
