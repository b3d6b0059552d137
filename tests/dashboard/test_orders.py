"""What is asked of workers and managers, of several at once, as it reaches their managers."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from browser import Visitor, visitor
from flamenco_common.documents import ClaimAnswer, WorkerWish
from played_workers import PlayedWorkers
from playwright.sync_api import Browser, Locator, Page, expect
from processes import until
from whole_farm import WholeFarm

pytestmark = pytest.mark.real
NAMES = ("porter", "runner")


@pytest.fixture(scope="module")
def played(farm: WholeFarm) -> PlayedWorkers:
    """A site with three machines, of which two are asked for something."""
    site = PlayedWorkers(farm, "orders")
    site.awake(*NAMES, "bystander")
    return site


def wishes(site: PlayedWorkers) -> dict[str, WorkerWish]:
    """What the manager hears with its next call, by the names of its workers."""
    query = {"lease": "wishes", "workers": "", "revision": 0}
    answer = msgspec.convert(site._call("GET", "/scheduler/tasks", site._token, **query), ClaimAnswer)
    return {wish.worker_id.split("-", 1)[1]: wish for wish in answer.orders.workers}


def heard(site: PlayedWorkers, what: str, **expected: Any) -> None:
    """Wait until the manager hears this of both; never of the third."""

    def told() -> bool:
        now = wishes(site)
        assert "bystander" not in now
        return all(name in now and expected.items() <= msgspec.structs.asdict(now[name]).items() for name in NAMES)

    until(told, 30, what)


def selected(who: Visitor) -> tuple[Page, Locator]:
    """The workers' page with both selected, and what can be done with them."""
    page = who.open("/workers?search=orders")
    for name in NAMES:
        page.get_by_role("row").filter(has_text=name).get_by_role("checkbox").check()
    bulk = page.get_by_role("toolbar", name="Selected workers")
    expect(bulk).to_contain_text("2 workers selected")
    return page, bulk


def test_workers_are_disabled_and_enabled(boss: Visitor, played: PlayedWorkers) -> None:
    page, bulk = selected(boss)
    bulk.get_by_role("button", name="Disable").click()
    heard(played, "they are disabled", enabled=False)
    played.awake(*NAMES, enabled=False)
    bulk.get_by_role("button", name="Enable").click()
    heard(played, "they are enabled", enabled=True, state="run")
    played.awake(*NAMES)
    expect(page.get_by_role("row").filter(has_text="porter")).to_contain_text("idle")


@pytest.mark.parametrize("when", ["after", "now"])
@pytest.mark.parametrize(
    ("button", "state"), [("Sleep…", "sleep"), ("Restart…", "restart"), ("Shut down…", "shutdown")]
)
def test_they_sleep_restart_or_shut_down(
    boss: Visitor, played: PlayedWorkers, button: str, state: str, when: str
) -> None:
    page, bulk = selected(boss)
    bulk.get_by_role("button", name=button).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("now: its task goes back to the queue" if when == "now" else "after the task").check()
    dialog.get_by_role("button").last.click()
    heard(played, f"they {state}", state=state, when=when)
    page.get_by_role("button", name="Undo").click()
    heard(played, "it is taken back", state="run")


def test_who_was_sent_to_sleep_wakes_and_who_sleeps_by_schedule_is_told_of(
    boss: Visitor, played: PlayedWorkers
) -> None:
    for name, order in zip(NAMES, ({"state": "sleep"}, {"schedule": "mo-su 00:00-24:00"}), strict=True):
        path = f"/workers/M{played.manager}-{name}/orders"
        played.farm.client.call("POST", path, data=json.dumps(order).encode())
    played.awake(*NAMES, state="asleep")
    page, bulk = selected(boss)
    bulk.get_by_role("button", name="Wake").click()
    until(lambda: wishes(played)["porter"].state == "run", 30, "it is woken")
    toast = page.locator(".toast").filter(has_text="runner: asleep by schedule")
    toast.get_by_role("button", name="Schedule…").click()
    page.get_by_role("dialog").get_by_role("button", name="Always awake").click()
    page.get_by_role("dialog").get_by_role("button", name="Set it").click()
    until(lambda: wishes(played)["runner"].schedule == "", 30, "the schedule is gone")
    played.awake(*NAMES)


def test_tags_are_set_and_found(boss: Visitor, played: PlayedWorkers) -> None:
    page, bulk = selected(boss)
    bulk.get_by_role("button", name="Tags…").click()
    page.get_by_role("dialog").get_by_label("With commas between").fill("gpu, night pool")
    page.get_by_role("dialog").get_by_role("button", name="Set them").click()
    heard(played, "they have them", tags=["gpu", "night pool"])
    played.awake(*NAMES, tags=["gpu", "night pool"])
    page = boss.open("/workers?search=night+pool")
    expect(page.locator(".tabulator-row")).to_have_count(2)


def test_a_real_worker_does_what_it_is_asked(boss: Visitor, farm: WholeFarm) -> None:
    part = farm.start_worker("obedient", blenders=())
    assert part.process
    try:
        page = boss.open(f"/workers/{farm.worker('obedient')['id']}")
        state, dialog = page.locator(".head .badge"), page.get_by_role("dialog")
        for schedule, becomes in (("mo-su 00:00-24:00", "asleep"), ("", "idle")):
            page.get_by_role("button", name="Change it…").click()
            dialog.get_by_label("When it sleeps, as text").fill(schedule)
            dialog.get_by_role("button", name="Set it").click()
            expect(state).to_have_text(becomes, timeout=60_000)
        page.get_by_role("button", name="Shut down…").click()
        dialog.get_by_label("now: its task goes back to the queue").check()
        dialog.get_by_role("button", name="Shut down").click()
        expect(state).to_have_text("offline", timeout=60_000)
        until(lambda: part.process and part.process.poll() is not None, 60, "it ends")
    finally:
        part.stop()


# ---- managers ----


@pytest.fixture
def sites(farm: WholeFarm) -> Any:
    """Two managers more; what is left of them goes."""
    made = [PlayedWorkers(farm, name) for name in ("quay", "wharf")]
    made[0].awake("crane")
    yield made
    for each in made:
        farm.client.call("DELETE", f"/managers/{each.manager}") if present(farm, each) else None


def present(farm: WholeFarm, site: PlayedWorkers) -> Any:
    """The manager as the farm knows it; None if it is gone."""
    listed = farm.client.call("GET", "/managers?limit=1000").json()["items"]
    return next((each for each in listed if each["id"] == site.manager), None)


def manager_row(page: Page, name: str) -> Locator:
    """The row of a manager."""
    return page.locator("tbody tr").filter(has=page.get_by_role("link", name=name, exact=True))


def test_managers_are_disabled_enabled_and_deleted_together(
    boss: Visitor, farm: WholeFarm, sites: list[PlayedWorkers]
) -> None:
    page = boss.open("/managers")
    farm.client.call("PATCH", f"/managers/{sites[1].manager}", data=b'{"enabled": false}')
    expect(manager_row(page, "wharf")).to_contain_text("disabled")
    farm.client.call("PATCH", f"/managers/{sites[1].manager}", data=b'{"enabled": true}')
    expect(manager_row(page, "wharf")).not_to_contain_text("disabled")
    for name in ("quay", "wharf"):
        page.get_by_label(f"Select {name}").check()
    bulk = page.get_by_role("toolbar", name="Selected managers")
    bulk.get_by_role("button", name="Disable…").click()
    dialog = page.get_by_role("dialog", name="Disable 2 managers")
    expect(dialog).to_contain_text("No tasks go to 1 worker")
    dialog.get_by_role("button", name="Disable").click()
    expect(manager_row(page, "wharf")).to_contain_text("disabled")
    enabled: Callable[[], list[bool]] = lambda: [present(farm, each)["enabled"] for each in sites]  # noqa: E731
    assert enabled() == [False, False]
    bulk.get_by_role("button", name="Enable").click()
    expect(manager_row(page, "wharf")).not_to_contain_text("disabled")
    assert enabled() == [True, True]
    bulk.get_by_role("button", name="Delete…").click()
    expect(page.get_by_role("dialog")).to_contain_text("the record of 1 worker goes")
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(manager_row(page, "wharf")).to_have_count(0)
    assert [present(farm, each) for each in sites] == [None, None]


def test_a_manager_is_renamed_and_gets_another_token(
    boss: Visitor, farm: WholeFarm, sites: list[PlayedWorkers]
) -> None:
    page = boss.open("/managers")
    manager_row(page, "quay").get_by_role("button", name="Rename…").click()
    page.get_by_role("dialog").get_by_label("Name of the site").fill("wharf")
    page.get_by_role("dialog").get_by_role("button", name="Rename it").click()
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("already")
    page.get_by_role("dialog").get_by_label("Name of the site").fill("pier")
    page.get_by_role("dialog").get_by_role("button", name="Rename it").click()
    manager_row(page, "pier").get_by_role("button", name="New token…").click()
    token = page.get_by_role("dialog").get_by_label("To copy").first.inner_text()
    assert sites[0]._call("GET", "/me", token)["name"] == "pier"
    page.get_by_role("button", name="I have it").click()
    boss.faults.clear()  # the console shows the refusal


def test_others_see_machines_and_change_none(browser: Browser, farm: WholeFarm, played: PlayedWorkers) -> None:
    made = farm.client.call("POST", "/users", data=b'{"name": "looker", "role": "artist"}').json()
    with visitor(browser, f"http://127.0.0.1:{farm.dashboard_port}", made["token"]) as who:
        page, bulk = selected(who)
        expect(bulk).to_contain_text("Supervisors may change workers.")
        expect(bulk.get_by_role("button", name="Disable")).to_have_count(0)
        ids = [f"M{played.manager}-porter"]
        assert who.status("POST", "/bulk/workers", {"ids": ids, "order": {"enabled": False}}) == 403
        page = who.open("/managers")
        expect(manager_row(page, "orders")).to_be_visible()
        expect(page.locator("main").get_by_role("button")).to_have_count(0)
        expect(page.locator("main").get_by_role("checkbox")).to_have_count(0)
        assert who.status("PATCH", f"/managers/{played.manager}", {"enabled": False}) == 403
        assert who.status("POST", "/enrolments", {"workers": 1}) == 403
        who.faults.clear()  # the console shows the refusals
