"""Sleep schedules: the page reads and writes them exactly as the manager does, and people paint them."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

import pytest
from browser import PHONE, Visitor, axe, visitor
from flamenco_common.schedule import SleepSchedule
from played_workers import PlayedWorkers
from playwright.sync_api import Browser, Page, expect
from processes import until
from whole_farm import WholeFarm

pytestmark = pytest.mark.real

MODULE = "/static/js/parts/worker/schedule.js"
DAYS = ("mo", "tu", "we", "th", "fr", "sa", "su")
SLOTS = 336  # half hours of a week
MONDAY = datetime(2024, 1, 1)


@pytest.fixture(scope="module")
def played(farm: WholeFarm) -> PlayedWorkers:
    """A site with three machines."""
    site = PlayedWorkers(farm, "sleepers")
    site.awake("dormouse", "marmot", "hedgehog")
    return site


def asleep(text: str, minutes: int = 30) -> list[int]:
    """The week as the manager understands it, one value for so many minutes."""
    schedule = SleepSchedule.parse(text)
    moments = (MONDAY + timedelta(minutes=at) for at in range(0, 7 * 1440, minutes))
    return [int(schedule.sleeps_at(moment)) for moment in moments]


def random_week(dice: random.Random) -> list[int]:
    """A week with some stretches of sleep, which may go over the end of a day, of the week, or fill it."""
    week = [0] * SLOTS
    for _ in range(dice.randint(0, 7)):
        start, length = dice.randrange(SLOTS), dice.choice((1, 2, 16, 47, 48, 49, dice.randint(1, 120), SLOTS))
        for at in range(start, start + length):
            week[at % SLOTS] = 1
    return week


def random_text(dice: random.Random) -> str:
    """A schedule with times of any minute, days of any order."""

    def span() -> str:
        words = [dice.choice(DAYS) + dice.choice(("", f"-{dice.choice(DAYS)}")) for _ in range(dice.randint(0, 3))]
        times = [f"{dice.randint(0, 23):0{dice.choice((1, 2))}}:{dice.randint(0, 59):02}" for _ in range(2)]
        return " ".join([*words, "-".join(dice.choice((times, ["24:00", times[0]], [times[1], "24:00"])))])

    return ", ".join(span() for _ in range(dice.randint(0, 4)))


def test_what_is_painted_means_the_same_to_the_manager(browser: Browser, farm: WholeFarm) -> None:
    dice = random.Random(20)
    weeks = [random_week(dice) for _ in range(400)]
    written: list[str] = in_page(browser, farm, "weeks => weeks.map(week => s.textOf(s.spansOf(week)))", weeks)
    for week, text in zip(weeks, written, strict=True):
        assert asleep(text) == week, text
    read = in_page(browser, farm, "texts => texts.map(text => Array.from(s.weekOf(s.parse(text)).week))", written)
    assert read == weeks


def test_what_is_written_is_read_as_the_manager_reads_it(browser: Browser, farm: WholeFarm) -> None:
    dice = random.Random(21)
    texts = [random_text(dice) for _ in range(60)]
    minutely = """texts => texts.map(text => { const spans = s.parse(text); const days = [0, 1, 2, 3, 4, 5, 6];
        return days.map(day => Array.from({length: 1440}, (_, minute) => Number(s.sleepsAt(spans, day, minute))).join("")).join(""); })"""
    for text, found in zip(texts, in_page(browser, farm, minutely, texts), strict=True):
        assert found == "".join(map(str, asleep(text, 1))), text
    bad = ["nonsense", "mo-xx 9:00-10:00", "25:00-26:00", "24:01-25:00", "mo 9-10", "mo, tu 9:00-10:00"]
    refused = (
        "texts => texts.map(text => { try { s.parse(text); return ''; } catch (error) { return error.message; } })"
    )
    assert all(in_page(browser, farm, refused, bad))


def test_words_say_it_as_people_do(browser: Browser, farm: WholeFarm) -> None:
    said = {
        "": "always awake",
        "mo-fr 22:00-06:00": "asleep Mon–Fri 22:00–06:00",
        "sa-su 00:00-24:00": "asleep Sat–Sun all day",
        "9:00-18:00": "asleep every day 09:00–18:00",
        "mo we-fr 8:15-9:00, su 22:00-6:00": "asleep Mon, Wed–Fri 08:15–09:00; Sun 22:00–06:00",
    }
    assert in_page(browser, farm, "texts => texts.map(text => s.wordsOf(s.parse(text)))", list(said)) == list(
        said.values()
    )


def in_page(browser: Browser, farm: WholeFarm, work: str, given: Any) -> Any:
    """What a function over the page's own module `s` makes of that."""
    with visitor(browser, f"http://127.0.0.1:{farm.dashboard_port}") as who:
        who.page.goto(who.address + "/sign-in")
        return who.page.evaluate(
            f"async given => {{ const s = await import('{MODULE}'); return ({work})(given); }}", given
        )


def schedule(site: PlayedWorkers, name: str) -> str | None:
    """The schedule that is asked of a worker."""
    wishes = site.farm.client.call("GET", f"/workers/M{site.manager}-{name}").json()["orders"] or {}
    return wishes.get("schedule")


def drag(page: Page, start: str, end: str) -> None:
    """Press on a cell, move to another one, let go; cells by the beginnings of their names."""
    boxes = [page.get_by_role("dialog").get_by_role("gridcell", name=name).bounding_box() for name in (start, end)]
    assert boxes[0] and boxes[1]
    at = [(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2) for box in boxes if box]
    page.mouse.move(*at[0])
    page.mouse.down()
    page.mouse.move(*at[1], steps=6)
    page.mouse.up()


def test_the_nights_of_several_workers_are_painted_and_taken_back(boss: Visitor, played: PlayedWorkers) -> None:
    page = boss.open("/workers?search=m")
    for name in ("dormouse", "marmot"):
        page.get_by_role("row").filter(has_text=name).get_by_role("checkbox").check()
    page.get_by_role("button", name="Schedule…").click()
    dialog = page.get_by_role("dialog", name="Sleep schedule of 2 workers")
    drag(page, "Monday 22:00", "Friday 23:00")
    expect(dialog.get_by_role("status")).to_contain_text("Asleep Mon–Fri 22:00–24:00")
    drag(page, "Tuesday 00:00", "Saturday 05:00")
    expect(dialog.get_by_role("status")).to_contain_text("Asleep Mon–Fri 22:00–06:00")
    axe(page)
    dialog.get_by_role("button", name="Set it").click()
    expect(dialog).to_have_count(0)
    assert [schedule(played, name) for name in ("dormouse", "marmot")] == ["mo-fr 22:00-06:00"] * 2
    assert not schedule(played, "hedgehog")
    page.locator(".toast").filter(has_text="2 workers: asleep Mon–Fri").get_by_role("button", name="Undo").click()
    until(lambda: not schedule(played, "dormouse") and not schedule(played, "marmot"), 20, "it is taken back")


def test_keys_paint_and_ready_made_ones_and_the_text_agree(boss: Visitor, played: PlayedWorkers) -> None:
    page = boss.open(f"/workers/M{played.manager}-hedgehog")
    page.get_by_role("button", name="Change it…").click()
    dialog = page.get_by_role("dialog", name="Sleep schedule of hedgehog")
    text, words = dialog.get_by_label("When it sleeps, as text"), dialog.get_by_role("status")
    dialog.get_by_role("button", name="Weekends").click()
    expect(text).to_have_value("sa-su 00:00-24:00")
    expect(dialog.get_by_role("gridcell", name="Saturday 13:00")).to_have_attribute("aria-selected", "true")
    dialog.get_by_role("button", name="Always awake").click()
    dialog.get_by_role("gridcell", name="Monday 00:00").focus()
    for key in ("ArrowDown", "ArrowRight", "Space", "Shift+ArrowRight", "Shift+ArrowDown"):
        page.keyboard.press(key)
    expect(text).to_have_value("tu 01:00-03:00, we 02:00-03:00")
    text.fill("mo-fr 09:15-12:00, sa 22:30-6:00")
    expect(words).to_contain_text("as long as you do not paint, the text counts")
    expect(dialog.get_by_role("gridcell", name="Sunday 05:30")).to_have_attribute("aria-selected", "true")
    text.fill("mo-fr 9")
    expect(words).to_contain_text("cannot be read")
    dialog.get_by_role("button", name="Set it").click()
    expect(dialog.get_by_role("alert")).to_contain_text("cannot be read: write it like mo-fr 09:00-18:00")
    expect(text).to_have_value("mo-fr 9")
    text.fill("mo-fr 09:15-12:00")
    dialog.get_by_role("button", name="Set it").click()
    expect(page.locator("main")).to_contain_text("Asleep Mon–Fri 09:15–12:00")
    assert schedule(played, "hedgehog") == "mo-fr 09:15-12:00"


def test_a_finger_paints_on_a_phone(browser: Browser, farm: WholeFarm, played: PlayedWorkers) -> None:
    address = f"http://127.0.0.1:{farm.dashboard_port}"
    with visitor(browser, address, farm.token, viewport=PHONE, has_touch=True, is_mobile=True) as who:
        page = who.open(f"/workers/M{played.manager}-marmot")
        page.get_by_role("button", name="Change it…").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_role("gridcell", name="Wednesday 12:00").tap()
        expect(dialog.get_by_label("When it sleeps, as text")).to_have_value("we 12:00-13:00")
        axe(page)


def test_who_may_not_change_workers_sees_the_week_only(
    browser: Browser, farm: WholeFarm, played: PlayedWorkers
) -> None:
    body = b'{"name": "sleepy", "role": "artist"}'
    artist = farm.client.call("POST", "/users", data=body).json()["token"]
    with visitor(browser, f"http://127.0.0.1:{farm.dashboard_port}", artist) as who:
        page = who.open(f"/workers/M{played.manager}-marmot")
        expect(page.get_by_role("heading", name="Sleep schedule")).to_be_visible()
        expect(page.get_by_role("button", name="Change it…")).to_have_count(0)
        ids = [f"M{played.manager}-marmot"]
        assert who.status("POST", "/bulk/workers", {"ids": ids, "order": {"schedule": ""}}) == 403
        who.faults.clear()  # the console shows the refusal
