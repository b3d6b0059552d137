"""Signing in and out, as a browser does it."""

from __future__ import annotations

import pytest
from browser import Visitor, visitor
from playwright.sync_api import Browser
from whole_farm import WholeFarm

pytestmark = pytest.mark.real


def test_every_page_opens_and_is_live(boss: Visitor) -> None:
    for path in ("/", "/jobs", "/workers", "/managers", "/settings", "/start"):
        page = boss.open(path)
        assert page.locator("h1").count() == 1, path


def test_who_is_not_signed_in_is_asked_to_and_comes_back(browser: Browser, farm: WholeFarm) -> None:
    with visitor(browser, f"http://127.0.0.1:{farm.dashboard_port}") as who:
        who.page.goto(who.address + "/jobs?state=failed")
        assert "/sign-in" in who.page.url
        who.page.get_by_text("With a token instead").click()
        who.page.get_by_label("Token").fill(farm.token)
        who.page.get_by_role("button", name="Sign in with the token").click()
        who.page.wait_for_url("**/jobs?state=failed")
        cookie = next(each for each in who.context.cookies() if each["name"] == "flamenco_session")
        assert cookie["httpOnly"] and cookie["sameSite"] == "Lax"
        who.page.get_by_role("button", name="Sign out").click()
        who.page.wait_for_url("**/sign-in")
        assert not [each for each in who.context.cookies() if each["name"] == "flamenco_session"]
