"""What a worker and a manager log of themselves, as whoever runs the farm reads it at 3 a.m."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import Visitor, axe
from playwright.sync_api import expect
from whole_farm import Part, WholeFarm

pytestmark = pytest.mark.real


@pytest.fixture
def tongs(farm: WholeFarm) -> Iterator[Part]:
    """A worker process without a Blender."""
    part = farm.start_worker("tongs", blenders=())
    yield part
    part.stop()


def test_a_workers_log_is_live_and_says_after_a_crash_that_it_crashed(
    boss: Visitor, farm: WholeFarm, tongs: Part
) -> None:
    worker = f"/workers/{farm.worker('tongs')['id']}"
    page = boss.open(worker)
    log = page.get_by_role("log", name="Log of tongs")
    expect(log).to_contain_text("signed in", timeout=20_000)
    farm.client.call("POST", f"{worker}/orders", data=b'{"state": "sleep"}')
    expect(log).to_contain_text("ordered to sleep", timeout=20_000)
    tongs.kill()
    tongs.start()
    expect(log).to_contain_text("did not end by itself last time", timeout=60_000)
    page.get_by_label("Search the log of tongs").fill("Ordered to")
    page.get_by_label("Search the log of tongs").press("Enter")
    expect(page.locator(".log-tools .hint")).to_contain_text("%")
    axe(page)
    with page.expect_download() as saved:
        page.get_by_role("button", name="Download").click()
    assert saved.value.suggested_filename == "tongs.log"
    assert "signed in" in Path(saved.value.path()).read_text(encoding="utf-8")


def test_a_managers_log_is_on_its_page(boss: Visitor, farm: WholeFarm, tongs: Part) -> None:
    manager = farm.worker("tongs")["manager"]
    page = boss.open(f"/managers/{manager}")
    expect(page.get_by_role("log")).to_contain_text(f"the manager of {farm.address} begins", timeout=20_000)
    expect(page.get_by_role("log")).to_contain_text("the worker tongs")
    expect(page.get_by_role("region", name="Its workers")).to_contain_text("tongs")
    assert tongs.process is not None
    assert farm.enrolment not in page.get_by_role("log").inner_text()
