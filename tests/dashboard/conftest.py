"""One farm with a dashboard, and a browser, for all tests of the dashboard that need them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from browser import Visitor, chromium, visitor
from playwright.sync_api import Browser
from whole_farm import WholeFarm, whole_farm


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The browser. It ends with each module: while it runs, nothing else in this thread can use asyncio, as mDNS does."""
    with chromium() as running:
        yield running


@pytest.fixture(scope="session")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WholeFarm]:
    """A farm without a worker yet; its `dashboard` runs."""
    for running in whole_farm(tmp_path_factory.mktemp("dashboard") / "farm"):
        running.start_dashboard()
        yield running


@pytest.fixture
def boss(browser: Browser, farm: WholeFarm) -> Iterator[Visitor]:
    """An admin in front of the dashboard."""
    with visitor(browser, f"http://127.0.0.1:{farm.dashboard_port}", farm.token) as who:
        yield who
