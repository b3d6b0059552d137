"""Workers, managers and settings, as a supervisor uses them."""

from __future__ import annotations

import json

import pytest
from browser import Visitor
from played_workers import PlayedWorkers
from playwright.sync_api import expect
from processes import until
from whole_farm import WholeFarm

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def played(farm: WholeFarm) -> PlayedWorkers:
    """A site with two machines; one is disabled as it failed too often."""
    site = PlayedWorkers(farm, "workers")
    site.awake("anvil", "bellows")
    return site


def test_what_each_worker_renders_is_in_its_row_and_on_the_wall(boss: Visitor, played: PlayedWorkers) -> None:
    job = played.submit("sc070 anim")
    try:
        played.task("anvil")
        page = boss.open("/workers?search=anvil")
        row = page.locator(".tabulator-row")
        expect(row).to_have_count(1)
        expect(row).to_contain_text("rendering")
        expect(row).to_contain_text("sc070 anim 1")
        page = boss.open("/")
        expect(page.locator(".tile").filter(has_text="anvil")).to_contain_text("sc070 anim 1")
        expect(page.get_by_role("region", name="In the queue")).to_contain_text("sc070 anim")
    finally:
        played.farm.client.delete(job)


def test_workers_are_disabled_in_bulk_and_that_is_taken_back(boss: Visitor, played: PlayedWorkers) -> None:
    page = boss.open("/workers?search=bellows")
    page.locator(".tabulator-row").filter(has_text="bellows").click(position={"x": 500, "y": 20})
    bulk = page.get_by_role("toolbar", name="Selected workers")
    expect(bulk).to_contain_text("1 worker selected")
    bulk.get_by_role("button", name="Disable").click()
    wishes = f"/workers/M{played.manager}-bellows"
    orders = lambda: (played.farm.client.call("GET", wishes).json()["orders"] or {}).get("enabled")  # noqa: E731
    until(lambda: orders() is False, 20, "it is asked for")
    page.get_by_role("button", name="Undo").click()
    until(lambda: orders() is True, 20, "it is taken back")


def test_a_workers_page_tells_its_machine_and_its_runs(boss: Visitor, played: PlayedWorkers) -> None:
    job = played.submit("sc080 anim")
    try:
        played.render("bellows")
        played.fail("bellows", "missing texture wood.png")
        page = boss.open(f"/workers/M{played.manager}-bellows")
        expect(page.locator("main")).to_contain_text("16")
        expect(page.locator("main")).to_contain_text("4.5.3")
        expect(page.get_by_role("row").filter(has_text="missing texture wood.png")).to_be_visible()
        page.get_by_role("button", name="Change it…").click()
        page.get_by_label("When it sleeps").fill("mo-fr 22:00-06:00")
        page.get_by_role("button", name="Set it").click()
        wishes = f"/workers/M{played.manager}-bellows"
        until(lambda: (played.farm.client.call("GET", wishes).json()["orders"] or {}).get("schedule"), 20, "it is set")
    finally:
        played.farm.client.delete(job)


def test_a_line_to_paste_is_made_and_who_joins_is_told(boss: Visitor, played: PlayedWorkers) -> None:
    page = boss.open("/managers")
    page.get_by_role("button", name="Make the line").click()
    expect(page.locator("pre.copy")).to_contain_text("flamenco worker")
    played.awake("chisel")
    expect(page.locator("#add .waiting")).to_contain_text("Joined: chisel")


def test_every_section_of_the_settings_opens(boss: Visitor) -> None:
    for section, text in (
        ("farm", "Name of the farm"), ("users", "boss"), ("tokens", "Take back"), ("projects", "default"), ("job-types", "render"),
        ("presets", "Fast Cycles"), ("variables", "Save"), ("storage", "Clean up"), ("log", "create"),
    ):  # fmt: skip
        page = boss.open(f"/settings/{section}")
        expect(page.locator("main")).to_contain_text(text)


def test_a_user_is_made_with_a_link(boss: Visitor, farm: WholeFarm) -> None:
    page = boss.open("/settings/users")
    page.get_by_role("button", name="Make a user…").click()
    page.get_by_label("Name").fill("zoe")
    page.get_by_role("button", name="Make them").click()
    expect(page.get_by_role("dialog", name="Invite zoe")).to_contain_text("invite=")
    page.get_by_role("button", name="I have it").click()
    expect(page.get_by_role("row").filter(has_text="zoe")).to_be_visible()
    users = json.loads(farm.client.call("GET", "/users").content)["items"]
    assert next(each["role"] for each in users if each["name"] == "zoe") == "artist"


def test_the_first_start_ticks_off_what_is_done(boss: Visitor) -> None:
    page = boss.open("/start")
    expect(page.get_by_role("listitem").filter(has_text="Have a worker")).to_contain_text("(done)")
    expect(page.get_by_role("listitem").filter(has_text="Install the add-on")).to_be_visible()
