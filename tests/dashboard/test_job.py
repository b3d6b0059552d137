"""A job's page: its frames as a grid, its steps, its times, why it waits and why it failed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from browser import PHONE, Visitor, visitor
from played_workers import PlayedWorkers
from playwright.sync_api import Browser, Locator, Page, expect
from processes import until
from whole_farm import WholeFarm

pytestmark = pytest.mark.real
TAG = "for-job-tests"  # keeps other machines of the same farm away
MANY = 100_000
# The colours of a grid's first cells, and those of the states in the theme, each as red, green and blue.
COLOURS = """([label, count]) => {
    const canvas = document.querySelector(`canvas[aria-label="${label}"]`), cell = Number(canvas.closest(".grid").dataset.cell);
    const pitch = cell + 2, across = Math.floor((canvas.clientWidth - 2) / pitch), context = canvas.getContext("2d");
    const seen = [];
    for (let at = 0; at < count; at += 1) {
        const x = (at % across) * pitch + 4, y = Math.floor(at / across) * pitch + 4;
        seen.push([...context.getImageData(x * devicePixelRatio, y * devicePixelRatio, 1, 1).data].slice(0, 3));
    }
    const theme = {};
    for (const name of ["queued-cell", "processing", "completed", "failed", "canceled"]) {
        const hex = getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
        theme[name.split("-")[0]] = [1, 3, 5].map((from) => parseInt(hex.slice(from, from + 2), 16));
    }
    return [seen, theme];
}"""


class Shot:
    """A job of ten frames: six are done, one of them slowly; two failed for the same reason, one runs, one is queued."""

    def __init__(self, farm: WholeFarm) -> None:
        self.played = PlayedWorkers(farm, "shots")
        self.client = farm.client
        self.played.awake("carl", "dina", tags=[TAG])
        settings = {"frames": "1-10", "retries": 0, "preview": True}
        self.job = self.played.submit("sc090 anim", settings=settings, tags=[TAG], priority=1000)
        for frame in range(1, 7):
            self.played.render("carl", seconds=400 if frame == 4 else 20 + frame)
        self.played.fail("carl", "missing texture wood.png")
        self.played.fail("dina", "missing texture wood.png")
        self.running = self.played.task("dina")
        self.played.update(self.running, progress=0.5)

    def statuses(self) -> str:
        """The first letters of the frames' states, in order."""
        return "".join(task["status"][0] for task in self.client.tasks(self.job, step="render"))


@pytest.fixture(scope="module")
def shot(farm: WholeFarm) -> Iterator[Shot]:
    made = Shot(farm)
    yield made
    made.client.delete(made.job)


def cell_of(page: Page, frame: int, step: str = "render") -> tuple[float, float]:
    """Where the middle of a frame's cell is, of a grid with one row."""
    grid = canvas(page, step)
    box = grid.bounding_box()
    assert box
    size = int(grid.locator("xpath=ancestor::div[@data-cell]").get_attribute("data-cell") or 0)
    return box["x"] + 1 + (frame - 1) * (size + 2) + size / 2, box["y"] + 1 + size / 2


def canvas(page: Page, step: str = "render") -> Locator:
    """A step's grid."""
    return page.get_by_role("img", name=f"Tasks of the step {step}", exact=True)


def colours_are(page: Page, expected: list[str]) -> bool:
    """Whether the cells have the colours of these states."""
    seen, theme = page.evaluate(COLOURS, ["Tasks of the step render", len(expected)])
    return bool(seen == [theme[state] for state in expected])


def test_a_cell_has_the_colour_of_its_state_and_tells_who_made_it(boss: Visitor, shot: Shot) -> None:
    page = boss.open(f"/jobs/{shot.job}")
    expected = [*["completed"] * 6, "failed", "failed", "processing", "queued"]
    until(lambda: colours_are(page, expected), 20, "the cells have the colours of their states")
    page.emulate_media(color_scheme="dark")
    until(lambda: colours_are(page, expected), 20, "and in the dark, too")
    page.mouse.move(*cell_of(page, 4))
    tip = page.locator(".tip")
    for text in ("4", "completed", "carl", "900 MB"):
        expect(tip).to_contain_text(text)
    page.mouse.move(*cell_of(page, 8))
    expect(tip).to_contain_text("dina")
    expect(tip).to_contain_text("missing texture wood.png")
    page.mouse.click(*cell_of(page, 9))
    page.wait_for_url(f"**/jobs/{shot.job}/tasks/{shot.running['task_id']}")
    expect(page.get_by_role("heading", level=1)).to_have_text("render 9")


def test_a_range_is_dragged_and_done_again(boss: Visitor, shot: Shot) -> None:
    page = boss.open(f"/jobs/{shot.job}")
    canvas(page).hover(position={"x": 5, "y": 5})
    page.mouse.move(*cell_of(page, 2))
    page.mouse.down()
    page.mouse.move(*cell_of(page, 3))
    page.mouse.move(*cell_of(page, 5), steps=3)
    page.mouse.up()
    tools = page.get_by_role("toolbar", name="Selected tasks")
    expect(tools).to_contain_text("4 tasks selected (2 to 5)")
    expect(tools.get_by_role("button", name="Cancel 0")).to_be_disabled()
    before = shot.statuses()
    tools.get_by_role("button", name="Requeue 4").click()
    until(lambda: shot.statuses() == "cqqqqcffpq", 20, f"those four are queued: {before}")
    expect(tools).to_be_hidden()
    until(
        lambda: colours_are(page, ["completed", *["queued"] * 4, "completed", "failed", "failed", "processing", "queued"]),
        20, "the cells show it",
    )  # fmt: skip
    for frame in range(2, 6):
        shot.played.render("carl", seconds=400 if frame == 4 else 20 + frame)
    until(lambda: shot.statuses() == before, 20, "they are done again")


def test_the_grid_is_walked_by_keys(boss: Visitor, shot: Shot) -> None:
    page = boss.open(f"/jobs/{shot.job}")
    canvas(page).focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    expect(page.locator(".grid [aria-live]").first).to_have_text("3, completed")
    expect(page.get_by_role("toolbar", name="Selected tasks")).to_contain_text("2 tasks selected (2 to 3)")
    page.keyboard.press("Escape")
    expect(page.get_by_role("toolbar", name="Selected tasks")).to_be_hidden()
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    page.wait_for_url("**/tasks/*")
    expect(page.get_by_role("heading", level=1)).to_have_text("render 10")


def test_a_hundred_thousand_frames_are_one_canvas_and_zoom(boss: Visitor, shot: Shot) -> None:
    job = shot.played.submit("long", settings={"frames": f"1-{MANY}"}, paused=True)
    try:
        page = boss.open(f"/jobs/{job}")
        expect(page.locator(".step-head")).to_contain_text("0 of 100,000 tasks")
        grid = page.locator(".grid")
        smallest = int(grid.get_attribute("data-cell") or 0)
        page.get_by_role("button", name="Larger cells").click()
        expect(grid).not_to_have_attribute("data-cell", str(smallest))
        page.keyboard.press("-")
        expect(grid).to_have_attribute("data-cell", str(smallest))
        box = grid.bounding_box()
        assert box
        assert box["height"] <= 420
        canvas(page).focus()
        page.keyboard.press("End")
        expect(grid.locator("[aria-live]")).to_have_text("100000, queued")
        canvas(page).hover(position={"x": 3, "y": 410})
        expect(page.locator(".tip strong")).to_contain_text("99")
    finally:
        shot.client.delete(job)


def test_steps_are_a_graph(boss: Visitor, shot: Shot) -> None:
    page = boss.open(f"/jobs/{shot.job}#steps")
    steps = page.get_by_role("region", name="Steps")
    expect(steps.locator(".step")).to_have_count(2)
    expect(steps.locator(".step").first).to_contain_text("render")
    expect(steps.locator(".step").last).to_contain_text("after render")
    expect(steps.locator("path.step-arrow")).to_have_count(1)
    left, right = (steps.locator(".step").nth(number).bounding_box() for number in (0, 1))
    assert left and right
    assert left["x"] + left["width"] < right["x"]


def test_times_mark_the_outlier(boss: Visitor, shot: Shot) -> None:
    page = boss.open(f"/jobs/{shot.job}#times")
    times = page.get_by_role("region", name="Frame times")
    expect(times).to_contain_text("1 task took much longer than the others")
    expect(times.locator("canvas")).to_have_count(1)
    row = times.get_by_role("row").nth(1)
    expect(row).to_contain_text("6 min 40 s")
    expect(row).to_contain_text("carl")
    row.get_by_role("link", name="4", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("render 4")


def test_alike_failures_stand_together_and_are_done_again(boss: Visitor, shot: Shot) -> None:
    page = boss.open(f"/jobs/{shot.job}")
    failures = page.get_by_role("region", name="Why tasks failed")
    expect(failures.get_by_role("listitem")).to_have_text(["missing texture wood.png: 2 tasks, 2 workers"])
    failures.get_by_role("button", name="Requeue 2 failed tasks").click()
    until(lambda: shot.statuses() == "ccccccqqpq", 20, "they are queued")
    expect(failures.get_by_role("button", name="Requeue")).to_have_count(0)
    shot.played.fail("carl", "missing texture wood.png")
    shot.played.fail("carl", "missing texture wood.png")


def test_a_tasks_page_hears_of_what_moves_many_at_once(boss: Visitor, shot: Shot) -> None:
    first = next(shot.client.tasks(shot.job, step="render"))["id"]
    page = boss.open(f"/jobs/{shot.job}/tasks/{first}")
    state = page.locator(".task-head .badge")
    expect(state).to_have_text("completed")
    shot.client.requeue(shot.job, frames="1-2")
    expect(state).to_have_text("queued", timeout=20_000)
    shot.played.render("carl", 2, seconds=21)
    expect(state).to_have_text("completed", timeout=20_000)


def test_why_it_waits_is_one_sentence(boss: Visitor, shot: Shot) -> None:
    job = shot.played.submit("waits", tags=["no-machine-has-this"])
    try:
        page = boss.open(f"/jobs/{job}")
        waiting = page.locator("p.waiting")
        expect(waiting).to_contain_text("Why is it waiting?")
        expect(waiting).to_contain_text("no-machine-has-this")
        shot.client.pause(job)
        expect(waiting).to_contain_text("paused")
    finally:
        shot.client.delete(job)


def test_times_are_those_of_the_viewers_zone(browser: Browser, farm: WholeFarm, shot: Shot) -> None:
    made = datetime.fromisoformat(shot.client.job(shot.job)["created_at"])
    for zone in ("Pacific/Auckland", "America/Los_Angeles"):
        with visitor(browser, f"http://127.0.0.1:{farm.dashboard_port}", farm.token, timezone_id=zone) as who:
            page = who.open(f"/jobs/{shot.job}")
            expect(page.locator(".facts time")).to_contain_text(f"{made.astimezone(ZoneInfo(zone)):%H:%M}")


def test_who_may_only_look_selects_and_changes_nothing(browser: Browser, farm: WholeFarm, shot: Shot) -> None:
    token = shot.client.call("POST", "/users", data=b'{"name": "vera", "role": "viewer"}').json()["token"]
    address = f"http://127.0.0.1:{farm.dashboard_port}"
    with visitor(browser, address, token, viewport=PHONE) as vera:
        page = vera.open(f"/jobs/{shot.job}")
        canvas(page).focus()
        page.keyboard.press("Home")
        page.keyboard.press("Shift+ArrowRight")
        tools = page.get_by_role("toolbar", name="Selected tasks")
        expect(tools).to_contain_text("You may not change this job")
        expect(tools.get_by_role("button", name="Requeue")).to_have_count(0)
        page.keyboard.press("r")
        status = """async (job) => (await fetch(`/api/jobs/${job}/requeue`, {method: "POST", body: '{"failed": true}',
            headers: {"Content-Type": "application/json",
                "X-Flamenco-Mark": document.querySelector('meta[name="flamenco-mark"]').content}})).status"""
        assert page.evaluate(status, shot.job) == 403
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        vera.faults.clear()  # the console shows the refused request
    assert "f" in shot.statuses()
