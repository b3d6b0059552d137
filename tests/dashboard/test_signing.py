"""Signing in and out, as a browser does it."""

from __future__ import annotations

import json

import pytest
from browser import Visitor, visitor
from flamenco_cli.up.farm import entrance
from playwright.sync_api import Browser, expect
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


def test_a_program_is_signed_in_with_its_code(boss: Visitor, farm: WholeFarm) -> None:
    asked = farm.client.call("POST", "/sign-ins", data=b'{"program": "Blender on ATLAS"}').json()
    page = boss.open(f"/approve?code={asked['user_code']}")
    expect(page.locator("main")).to_contain_text("Blender on ATLAS")
    page.get_by_role("button", name="Yes, sign it in").click()
    expect(page.get_by_role("status").last).to_contain_text("is signed in")
    polled = farm.client.call("POST", "/sign-ins/poll", data=json.dumps({"device_code": asked["device_code"]}).encode())
    assert polled.json()["state"] == "approved" and polled.json()["user"] == "boss"


def test_a_link_signs_in_once(browser: Browser, farm: WholeFarm) -> None:
    address = f"http://127.0.0.1:{farm.dashboard_port}"
    link = entrance(farm.client, address)
    with visitor(browser, address) as who:
        who.page.goto(link)
        expect(who.page.locator(".who-name")).to_have_text("boss")
        assert "code" not in who.page.url
    with visitor(browser, address) as other:
        other.page.goto(link)
        expect(other.page.get_by_role("alert")).to_contain_text("has been used")
        other.faults.clear()  # the console shows the refusal
