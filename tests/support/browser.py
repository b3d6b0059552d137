"""A real browser: Debian's Chromium, driven by Playwright, and a page in it that fails a test on any fault of its own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--force-color-profile=srgb"]
AXE = Path(__file__).parents[1] / "dashboard" / "vendor" / "axe.min.js"
expect.set_options(timeout=20_000)  # what is expected comes at once; a machine that others use may be far slower
DESKTOP, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}


@contextmanager
def chromium() -> Iterator[Browser]:
    """A running browser."""
    program = shutil.which("chromium")
    assert program, "the tests of the dashboard need Debian's chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=OPTIONS)
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Visitor:
    """Somebody in front of the dashboard. `faults`: what the page's scripts and policy complained about."""

    address: str
    context: BrowserContext
    page: Page
    faults: list[str] = field(default_factory=list)

    def sign_in(self, token: str) -> None:
        """By a token, through the form."""
        self.page.goto(f"{self.address}/sign-in")
        self.page.get_by_text("With a token instead").click()
        self.page.get_by_label("Token").fill(token)
        self.page.get_by_role("button", name="Sign in with the token").click()
        self.page.wait_for_selector("header.top")

    def open(self, path: str) -> Page:
        """Go to a page of the dashboard and wait until it is live."""
        self.page.goto(self.address + path)
        self.page.wait_for_selector('#live[data-state="live"]', timeout=20_000)
        return self.page

    def status(self, method: str, path: str, body: Any = None) -> int:
        """What the farm answers to a call that the open page itself could make."""
        work = """async ([method, path, body]) => (await fetch("/api" + path, {method, body: JSON.stringify(body), headers: {
            "Content-Type": "application/json",
            "X-Flamenco-Mark": document.querySelector("meta[name=flamenco-mark]").content}})).status"""
        return int(self.page.evaluate(work, [method, path, body]))

    def heard(self, message: ConsoleMessage) -> None:
        """Keep what the console shows as an error."""
        if message.type == "error":
            self.faults.append(message.text)


@contextmanager
def visitor(browser: Browser, address: str, token: str = "", **context: Any) -> Iterator[Visitor]:
    """A fresh visitor, signed in if a token is given; fails at the end if the page had faults."""
    opened = browser.new_context(
        **{"viewport": DESKTOP, "locale": "en-GB", "timezone_id": "Europe/Amsterdam", **context}
    )
    page = opened.new_page()
    who = Visitor(address, opened, page)
    page.on("console", who.heard)
    page.on("pageerror", lambda error: who.faults.append(str(error)))
    try:
        if token:
            who.sign_in(token)
        yield who
        assert not who.faults, f"the page had faults: {who.faults}"
    finally:
        opened.close()


def axe(page: Page) -> None:
    """Fail if axe finds a serious or critical fault in the page as it is."""
    if not page.evaluate("Boolean(window.axe)"):
        page.evaluate(AXE.read_text(encoding="utf-8"))  # the page's policy lets no script of others in
    found = page.evaluate("axe.run(document, {resultTypes: ['violations'], preload: false})")["violations"]
    faults = [
        f"{each['id']}: {each['help']}: {[node['html'][:160] for node in each['nodes'][:3]]}"
        for each in found
        if each["impact"] in ("serious", "critical")
    ]
    assert not faults, "\n".join(faults)
