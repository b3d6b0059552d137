"""A task's page: its log, its attempts beside one another, what ran where, and the way to its neighbours."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from browser import PHONE, Visitor, axe, visitor
from played_workers import PlayedWorkers
from playwright.sync_api import Browser, Locator, Page, expect
from processes import until
from whole_farm import WholeFarm

pytestmark = pytest.mark.real
COMMAND = {
    "command": "blender.render", "blend": "/mnt/film/shot.blend", "blender": "/opt/blender/blender", "frames": "1", "output": "/out/####",
}  # fmt: skip
SMALL = """Blender 4.5.3
Read blend: shot.blend
Fra:1 Mem:10M | Sample 1/8
EGL Error: harmless
Fra:1 Mem:20M | Sample 8/8
Error: texture wood.png is missing
last line <b>of all</b>
"""
HIT = "(text) => [...(CSS.highlights.get('log-hit') ?? [])].some((range) => String(range) === text)"
SEEN = """([attempt, text]) => {
    const view = document.querySelector(`.log-view[aria-label="Log of attempt ${attempt}"]`);
    const frame = view.getBoundingClientRect(), range = document.createRange();
    const walker = document.createTreeWalker(view, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        const at = node.data.indexOf(text);
        if (at < 0) continue;
        range.setStart(node, at);
        range.setEnd(node, at + 1);
        const box = range.getBoundingClientRect();
        if (box.top >= frame.top && box.bottom <= frame.bottom) return true;
    }
    return false;
}"""


class Film:
    """A job whose first task failed once and was done then, with their logs at a played manager."""

    def __init__(self, farm: WholeFarm) -> None:
        self.played = PlayedWorkers(farm, "tasks")
        self.client = farm.client
        self.job = self.played.submit(
            "A film", priority=1000, settings={"frames": "1-4", "chunk_size": 2, "retries": 3}
        )
        self.played.awake("anna", "bert")
        self.first = self.played.task("anna")
        self.played.update(self.first, commands=[COMMAND], activity="rendering", progress=0.1)
        self.played.update(self.first, status="failed", reason="texture wood.png is missing", log_tail=SMALL[-60:])
        self.second = self.played.task("bert")
        timings = [{"frame": frame, "total": 2.5, "render": 2.0, "memory_mb": 800 + frame} for frame in (1, 2)]
        self.played.update(self.second, commands=[COMMAND], timings=timings, peak_memory_mb=900)
        self.played.update(self.second, status="completed")
        self.task = self.first["task_id"]

    def bring(self, run: str, text: str, *, finished: bool = True, piece: int = 400_000) -> None:
        """Bring a run's log, as a manager does once somebody reads it."""
        until(lambda: self.client.call("GET", f"/runs/{run}/log").ok, 20, "the log is asked for")
        data = text.encode()
        for offset in range(0, len(data), piece):
            part = data[offset : offset + piece]
            last = finished and offset + piece >= len(data)
            chunk = {"run_id": run, "offset": offset, "text": part.decode(), "size": len(data), "finished": last}
            self.played.report(logs=[chunk])


@pytest.fixture(scope="module")
def film(farm: WholeFarm) -> Iterator[Film]:
    made = Film(farm)
    yield made
    made.client.delete(made.job)


def view(page: Page, attempt: int) -> Locator:
    """The log of an attempt."""
    return page.get_by_role("log", name=f"Log of attempt {attempt}")


def shown_in_view(page: Page, attempt: int, text: str) -> bool:
    """Whether a text of the log is where one sees it."""
    return bool(page.evaluate(SEEN, [attempt, text]))


def test_two_attempts_stand_beside_one_another(boss: Visitor, film: Film) -> None:
    page = boss.open(f"/jobs/{film.job}/tasks/{film.task}")
    expect(page.get_by_role("heading", level=1)).to_have_text("render 1-2")
    attempts = page.get_by_role("region", name="All attempts")
    expect(attempts.get_by_role("row")).to_have_count(3)
    expect(page.get_by_role("article")).to_have_count(1)
    expect(page.get_by_role("article")).to_have_accessible_name("Attempt 2")
    attempts.get_by_role("button", name="Beside attempt 1").click()
    expect(page.get_by_role("article")).to_have_count(2)
    expect(page.get_by_role("article", name="Attempt 1")).to_contain_text("texture wood.png is missing")
    page.reload()
    expect(page.get_by_role("article")).to_have_count(2)
    axe(page)


def test_it_tells_what_ran_where_and_how_long(boss: Visitor, film: Film) -> None:
    boss.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = boss.open(f"/jobs/{film.job}/tasks/{film.task}")
    machine = page.get_by_role("region", name="Machine")
    for text in ("bert", "node", "16 cores", "4.5.3", "/opt/blender/blender"):
        expect(machine).to_contain_text(text)
    times = page.get_by_role("region", name="Times and memory")
    expect(times).to_contain_text("2.5 s")
    expect(times).to_contain_text("802 MB")
    expect(times.locator("canvas")).to_have_count(1)
    page.get_by_role("button", name="Copy the command").click()
    expect(page.get_by_text("Copied.")).to_be_visible()
    copied = json.loads(page.evaluate("navigator.clipboard.readText()"))
    assert copied == COMMAND == film.client.run(film.second["run_id"])["commands"][0]


def test_a_small_log_is_whole_searched_and_its_error_found(boss: Visitor, film: Film) -> None:
    run = film.first["run_id"]
    page = boss.open(f"/jobs/{film.job}/tasks/{film.task}?run={run}")
    expect(view(page, 1)).to_contain_text("last line <b>of all</b>")  # the tail, before the manager answers
    film.bring(run, SMALL)
    expect(view(page, 1)).to_contain_text("Read blend: shot.blend")
    expect(page.locator(".log-error")).to_have_text("Error: texture wood.png is missing\n")
    search = page.get_by_label("Search the log of attempt 1")
    search.fill("fra:1")
    search.press("Enter")
    page.wait_for_function(HIT, arg="Fra:1", timeout=20_000)
    search.press("Enter")
    expect(page.locator(".log-tools")).to_contain_text("at 4")  # the second one, a bit before the middle
    page.get_by_role("button", name="First error").click()
    page.wait_for_function(HIT, arg="Error: texture wood.png is missing", timeout=20_000)
    search.fill("no such words")
    search.press("Enter")
    expect(page.get_by_text("not found", exact=True)).to_be_visible()
    with page.expect_download() as coming:
        page.get_by_role("button", name="Download").click()
    assert coming.value.path().read_text() == SMALL


def test_a_long_log_is_read_in_windows(boss: Visitor, film: Film) -> None:
    lines = [f"line {number:06d} of the render, nothing to see here" for number in range(180_000)]
    lines[90_000] = "line 090000: Error: a needle in the hay"
    lines[60_000] = "line 060000: a straw"
    run = film.second["run_id"]
    film.bring(run, "\n".join(lines) + "\n", piece=1_000_000)
    page = boss.open(f"/jobs/{film.job}/tasks/{film.task}?run={run}")
    expect(view(page, 2)).to_contain_text("line 179999 of")
    until(lambda: shown_in_view(page, 2, "line 179999 of"), 20, "the end is seen")
    held = "document.querySelector('.log-view').textContent.length"
    assert page.evaluate(held) < 1_000_000 < len("\n".join(lines)) / 8
    page.get_by_role("button", name="First error").click()
    until(lambda: shown_in_view(page, 2, "a needle in the hay"), 20, "the error is seen")
    search = page.get_by_label("Search the log of attempt 2")
    search.fill("a straw")
    search.press("Shift+Enter")
    until(lambda: shown_in_view(page, 2, "a straw"), 20, "the match before is seen")
    page.get_by_role("button", name="Start", exact=True).click()
    until(lambda: shown_in_view(page, 2, "line 000000 of"), 20, "the beginning is seen")
    for _ in range(12):
        before = page.evaluate(held)
        page.evaluate("document.querySelector('.log-view').scrollTop = 1e9")
        until(lambda before=before: page.evaluate(held) != before, 20, "more is read")
        if "line 030000 of" in page.locator(".log-view").inner_text():
            break
    assert page.evaluate(held) < 3_000_000


def test_a_running_log_is_followed(boss: Visitor, film: Film) -> None:
    task = film.played.task("anna")
    film.played.update(task, commands=[COMMAND], activity="Sample 1/8", progress=0.25)
    page = boss.open(f"/jobs/{film.job}/tasks/{task['task_id']}")
    expect(page.locator(".run-facts")).to_contain_text("25 %")
    text = "".join(f"line {number} so far\n" for number in range(200))
    film.bring(task["run_id"], text, finished=False)
    until(lambda: shown_in_view(page, 1, "line 199 so far"), 20, "the end is seen")
    more = text + "one line more\n"
    chunk = {"run_id": task["run_id"], "offset": len(text), "text": "one line more\n", "size": len(more)}
    film.played.report(logs=[chunk])
    until(lambda: shown_in_view(page, 1, "one line more"), 20, "the end is followed")
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel it").click()
    expect(page.locator(".task-head .badge")).to_have_text("canceled")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".task-head .badge")).to_have_text("queued")
    page.keyboard.press("[")
    page.wait_for_url(f"**/tasks/{film.task}")
    expect(page.get_by_role("link", name="Next task: render 3-4")).to_be_visible()


def test_a_viewer_on_a_phone_only_looks(boss: Visitor, browser: Browser, film: Film) -> None:
    token = film.client.call("POST", "/users", data=b'{"name": "tove", "role": "viewer"}').json()["token"]
    with visitor(browser, boss.address, token, viewport=PHONE, has_touch=True, color_scheme="dark") as tove:
        page = tove.open(f"/jobs/{film.job}/tasks/{film.task}")
        expect(page.get_by_role("article")).to_be_visible()
        expect(page.get_by_role("button", name="Requeue")).to_have_count(0)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        axe(page)
        page.goto(f"{tove.address}/jobs/{film.job}/tasks/999999")
        expect(page.get_by_role("heading", name="There is no such task")).to_be_visible()
        tove.faults.clear()  # the console shows the 404
