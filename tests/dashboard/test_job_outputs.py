"""A job's page: what it made, the player, settings, files and activity; with real renders."""

from __future__ import annotations

import base64
import io
import sqlite3
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR
import pytest
from browser import PHONE, Visitor, axe, visitor
from pictures import exr_channels, pixels
from played_workers import PlayedWorkers
from playwright.sync_api import Browser, Locator, Page, expect
from scenes import copy
from whole_farm import WholeFarm

pytestmark = pytest.mark.real
MANY = 100_000

# What the pages' scripts are asked, as functions: the policy lets no text become a script.
BRIGHTNESS = """() => {
    const stage = document.querySelector("canvas.stage");
    const {data} = stage.getContext("2d").getImageData(0, 0, stage.width, stage.height);
    let sum = 0;
    for (let at = 0; at < data.length; at += 4) sum += data[at] + data[at + 1] + data[at + 2];
    return sum / (data.length / 4);
}"""
WATCH_FRAMES = """() => {
    const stage = document.querySelector("canvas.stage");
    window.framesSeen = new Set();
    const look = () => { window.framesSeen.add(stage.dataset.frame); if (stage.isConnected) requestAnimationFrame(look); };
    look();
}"""
TELLS = """([place, wanted]) => {
    const text = document.querySelector(".values").textContent;
    if (!text.startsWith(place)) return false;
    const told = text.split(":")[1].split(/[RGBA ]+/).filter(Boolean).map(Number);
    const near = (value, at) => Math.abs(value - wanted[at]) <= 2e-3 * Math.max(1, Math.abs(wanted[at]));
    return told.length === 4 && told.every(near);
}"""
READ_EXR = """async ([text, x, y]) => {
    const { read, layers, extract } = await import("/static/js/parts/player/exr.js");
    const { float } = await import("/static/js/parts/player/tone.js");
    const parse = (await import("/static/vendor/parse-exr.js")).default;
    const file = read(Uint8Array.from(atob(text), (char) => char.charCodeAt(0)).buffer);
    const found = {};
    for (const layer of layers(file)) {
        const { width, height, data, format } = parse(await extract(file, layer), 1016);
        const channels = format === 1028 ? 1 : 4, at = ((height - 1 - y) * width + x) * channels;
        found[layer.label] = [...data.slice(at, at + Math.min(channels, 3))].map(float);
    }
    return found;
}"""
COLUMNS = "job_id, step_id, task_id, run_id, root, path, sha256, size, kind, frame, width, height, layer, thumbnail, created_at"


@dataclass
class Made:
    """Jobs that a real worker rendered."""

    farm: WholeFarm
    blend: Path
    png: int  # frames 1 to 4 and a preview
    exr: int  # two layers, frames 1 and 2
    other: int  # the frames of `png` again, darker


@pytest.fixture(scope="module")
def made(farm: WholeFarm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    folder = tmp_path_factory.mktemp("outputs")
    blend = copy("two_layers", "4.5", folder)  # one scene for all: Blender stays open
    worker = farm.start_worker("painter")
    settings = {"frames": "1-4"}
    exr = {"frames": "1-2", "format": "OPEN_EXR_MULTILAYER", "preview": False}
    half = {"resolution_percentage": 50}
    jobs = [
        farm.submit(blend, name="A shot", settings=settings, priority=990),
        farm.submit(blend, name="Layers", settings=exr, priority=980),
        farm.submit(blend, name="A shot, small", settings={**settings, "preview": False}, overrides=half, priority=970),
    ]
    for job in jobs:
        farm.wait(job, 180)
    yield Made(farm, blend, *jobs)
    worker.stop()
    for job in jobs:
        farm.client.delete(job)


def tiles(page: Page) -> Locator:
    """The outputs that are drawn."""
    return page.locator(".tile")


def player(page: Page) -> Locator:
    """The open player."""
    return page.get_by_role("dialog", name="Player")


def stage(page: Page) -> Locator:
    """The picture in the player."""
    return player(page).locator("canvas.stage")


def content(made: Made, job: int, tmp_path: Path, **wanted: Any) -> Path:
    """An output's file."""
    (found,) = [each for each in made.farm.outputs(job) if all(each[name] == value for name, value in wanted.items())]
    path = tmp_path / Path(found["path"]).name
    path.write_bytes(made.farm.client.call("GET", f"/outputs/{found['id']}/content").content)
    return path


def hover_pixel(page: Page, x: int, y: int) -> None:
    """Put the pointer on a pixel of the shown picture."""
    box = stage(page).bounding_box()
    assert box
    zoom = float(stage(page).get_attribute("data-zoom") or 0)
    page.mouse.move(
        box["x"] + box["width"] / 2 + (x + 0.5 - 16) * zoom, box["y"] + box["height"] / 2 + (y + 0.5 - 12) * zoom
    )


def told_values(page: Page) -> list[float]:
    """The numbers that the player tells of the pixel under the pointer."""
    text = player(page).locator(".values").inner_text().split(":", 1)[1]
    return [float(word) for word in text.split() if word not in "RGBA"]


def test_outputs_are_shown_filtered_and_downloaded(boss: Visitor, made: Made) -> None:
    page = boss.open(f"/jobs/{made.png}#outputs")
    expect(tiles(page)).to_have_count(5)
    expect(page.locator(".tile img")).to_have_count(5)
    axe(page)
    page.get_by_label("All kinds").select_option("frame")
    expect(tiles(page)).to_have_count(4)
    page.wait_for_url("**kind=frame*")
    page.get_by_label("Select frame 2").check(force=True)
    page.get_by_label("Select frame 4").click(modifiers=["Shift"], force=True)
    bulk = page.get_by_role("toolbar", name="Selected outputs")
    expect(bulk).to_contain_text("3 files selected")
    with page.expect_download() as coming:
        bulk.get_by_role("link", name="Download as zip").click()
    with zipfile.ZipFile(io.BytesIO(coming.value.path().read_bytes())) as archive:
        assert [name.rsplit("/", 1)[1] for name in archive.namelist()] == ["0002.png", "0003.png", "0004.png"]
        assert not archive.testzip()
    with page.expect_download() as coming:
        page.get_by_role("link", name="Download these").click()
    with zipfile.ZipFile(io.BytesIO(coming.value.path().read_bytes())) as archive:
        assert len(archive.namelist()) == 4
    with page.expect_download() as coming:
        page.locator(".job-head").get_by_role("link", name="Download all").click()
    with zipfile.ZipFile(io.BytesIO(coming.value.path().read_bytes())) as archive:
        assert len(archive.namelist()) == 5
        assert not archive.testzip()


def test_the_player_steps_plays_and_shows_true_pixels(boss: Visitor, made: Made, tmp_path: Path) -> None:
    page = boss.open(f"/jobs/{made.png}?kind=frame#outputs")
    page.get_by_label("Open frame 1").click()
    expect(stage(page)).to_have_attribute("data-frame", "1")
    page.keyboard.press("ArrowRight")
    expect(stage(page)).to_have_attribute("data-frame", "2")
    page.keyboard.press("End")
    expect(stage(page)).to_have_attribute("data-frame", "4")
    page.keyboard.press("Home")
    page.keyboard.press("f")
    expect(stage(page)).to_have_attribute("data-shown", "whole")
    real = pixels(content(made, made.png, tmp_path, kind="frame", frame=1))
    for x, y in ((0, 0), (16, 12), (31, 23), (9, 17)):
        hover_pixel(page, x, y)
        expect(player(page).locator(".values")).to_contain_text(f"{x}, {y}:")
        assert told_values(page)[:3] == [float(value) for value in real[y, x][:3]]
    page.mouse.wheel(0, -400)
    expect(player(page).get_by_role("button", name="Fit", exact=True)).to_have_attribute("aria-pressed", "false")
    page.keyboard.press("0")
    expect(player(page).get_by_role("button", name="Fit", exact=True)).to_have_attribute("aria-pressed", "true")
    axe(page)
    page.keyboard.press("f")
    page.evaluate(WATCH_FRAMES)
    page.keyboard.press(" ")
    page.wait_for_function("() => window.framesSeen.size === 4", timeout=20_000)
    page.keyboard.press(" ")
    expect(player(page).get_by_role("button", name="Play (space)")).to_be_visible()
    frame = stage(page).get_attribute("data-frame")
    page.keyboard.press("Escape")
    expect(player(page)).to_have_count(0)
    expect(page.get_by_label(f"Open frame {frame}")).to_be_focused()
    assert "show=" not in page.url


def test_an_exr_is_shown_by_layer_and_exposure(boss: Visitor, made: Made, tmp_path: Path) -> None:
    page = boss.open(f"/jobs/{made.exr}#outputs")
    page.get_by_label("Open frame 1").click()
    player(page).get_by_role("button", name="Full frame").click()
    expect(stage(page)).to_have_attribute("data-shown", "whole")
    channels = exr_channels(content(made, made.exr, tmp_path, frame=1))
    picker = player(page).get_by_label("Layer of the file")
    layers = picker.locator("option").all_inner_texts()
    assert {"Front.Combined", "Back.Combined"} <= set(layers)
    for layer in ("Front.Combined", "Back.Combined"):
        picker.select_option(layer)
        for x, y in ((3, 20), (16, 12)):
            hover_pixel(page, x, y)
            expected = [float(channels[f"{layer}.{name}"][y, x]) for name in "RGBA"]
            page.wait_for_function(TELLS, arg=[f"{x}, {y}:", expected], timeout=20_000)
    before = page.evaluate(BRIGHTNESS)
    player(page).get_by_label("Exposure").fill("2")
    page.wait_for_function(f"(before) => ({BRIGHTNESS})() > before + 5", arg=before, timeout=20_000)


def test_every_part_and_layer_of_an_exr_is_read(boss: Visitor, tmp_path: Path) -> None:
    values = np.random.default_rng(5).random((37, 53, 3)).astype(np.float32)
    depth = np.random.default_rng(6).random((37, 53)).astype(np.float32)
    combined = {f"View.Combined.{name}": values[:, :, at].astype(np.float16) for at, name in enumerate("RGB")}
    plain = {name: values[:, :, at].copy() for at, name in enumerate("BGR")}
    kind = {"type": OpenEXR.scanlineimage}
    parts = [
        OpenEXR.Part({**kind, "compression": OpenEXR.ZIP_COMPRESSION}, combined, "View.Combined"),
        OpenEXR.Part({**kind, "compression": OpenEXR.PIZ_COMPRESSION}, plain, "View.Color"),
        OpenEXR.Part({**kind, "compression": OpenEXR.ZIPS_COMPRESSION}, {"View.Depth.V": depth}, "View.Depth"),
    ]
    OpenEXR.File(parts).write(str(tmp_path / "parts.exr"))
    one = {**combined, "View.Depth.Z": depth}
    OpenEXR.File({**kind, "compression": OpenEXR.PXR24_COMPRESSION}, one).write(str(tmp_path / "one.exr"))
    page = boss.open("/jobs")
    color = [float(value) for value in values[21, 9]]
    for name, wanted in (
        ("parts.exr", {"View.Combined": color, "View.Color": color[::-1], "View.Depth": [float(depth[21, 9])]}),
        ("one.exr", {"View.Combined": color, "View.Depth": [float(depth[21, 9])]}),
    ):
        text = base64.b64encode((tmp_path / name).read_bytes()).decode()
        assert page.evaluate(READ_EXR, [text, 9, 21]) == {
            key: pytest.approx(each, abs=1e-3) for key, each in wanted.items()
        }


def test_a_frame_is_compared_with_that_of_another_job(boss: Visitor, made: Made) -> None:
    page = boss.open(f"/jobs/{made.png}?kind=frame#outputs")
    page.get_by_label("Open frame 2").click()
    beside = player(page).get_by_label("Compare with")
    beside.select_option("Another job…")
    page.get_by_role("dialog", name="Compare with a job").get_by_role("button", name="A shot, small").click()
    modes = player(page).get_by_label("How to compare")
    expect(modes).to_be_visible()
    expect(beside.locator("option:checked")).to_have_text("A shot, small")
    expect(player(page).locator(".note")).not_to_contain_text("no such frame")
    modes.select_option("side")
    page.keyboard.press("Escape")
    expect(player(page)).to_have_count(0)


def test_a_video_plays(boss: Visitor, made: Made) -> None:
    page = boss.open(f"/jobs/{made.png}?kind=video#outputs")
    page.locator(".tile-open").click()
    page.wait_for_function("() => document.querySelector('video').readyState >= 2", timeout=20_000)
    assert page.evaluate("document.querySelector('video').duration") == pytest.approx(4 / 24, abs=0.05)


def test_new_frames_come_by_themselves_and_what_they_were_before_is_compared(boss: Visitor, made: Made) -> None:
    client = made.farm.client
    settings = {"frames": "1-3", "preview": False}
    job = made.farm.submit(made.blend, name="Live", settings=settings, paused=True, priority=990)
    try:
        page = boss.open(f"/jobs/{job}#outputs")
        expect(page.get_by_text("Nothing has been made yet")).to_be_visible()
        page.evaluate("window.sameDocument = true")
        client.resume(job)
        expect(tiles(page)).to_have_count(3, timeout=60_000)
        made.farm.wait(job, 60)
        (before,) = made.farm.outputs(job, frame=2)
        client.requeue(job, frames="2")
        made.farm.wait(job, 60)
        (after,) = made.farm.outputs(job, frame=2)
        assert (after["id"], after["sha256"] != before["sha256"]) == (before["id"], True)
        page.get_by_label("Open frame 2").click()
        player(page).get_by_label("Compare with").select_option("What it was before")
        expect(player(page).get_by_label("How to compare")).to_be_visible()
        page.keyboard.press("f")
        expect(stage(page)).to_have_attribute("data-beside", "whole")
        page.keyboard.press("ArrowRight")
        expect(player(page).locator(".note")).to_contain_text("This frame was made once")
        assert page.evaluate("window.sameDocument")
    finally:
        made.farm.wait(job, 60)
        client.delete(job)


def test_a_hundred_thousand_outputs_are_not_as_many_elements(boss: Visitor, made: Made) -> None:
    job = PlayedWorkers(made.farm, "many").submit("Many", paused=True)
    with sqlite3.connect(made.farm.folder / "server" / "flamenco-server.sqlite", timeout=60) as database:
        step, task = database.execute("SELECT step_id, id FROM tasks WHERE job_id = ?", (job,)).fetchone()
        database.executemany(
            f"INSERT INTO outputs ({COLUMNS}) "
            "VALUES (?, ?, ?, 'x', 'output', ?, '', 10, 'frame', ?, 32, 24, '', '', ?)",
            ((job, step, task, f"frames/{frame:06d}.png", frame, time.time()) for frame in range(1, MANY + 1)),
        )  # fmt: skip
    try:
        page = boss.open(f"/jobs/{job}#outputs")
        expect(page.get_by_role("status").filter(has_text="100,000 files")).to_be_visible(timeout=20_000)
        assert tiles(page).count() < 200
        page.get_by_label("Open frame 1", exact=True).focus()
        page.keyboard.press("End")
        expect(page.get_by_label("Open frame 100000")).to_be_focused()
        assert tiles(page).count() < 200
    finally:
        made.farm.client.delete(job)


def test_settings_change_until_the_job_begins(boss: Visitor, made: Made) -> None:
    client = made.farm.client
    job = made.farm.submit(made.blend, name="Waits", settings={"frames": "1-8", "preview": False}, paused=True)
    try:
        page = boss.open(f"/jobs/{job}#settings")
        renders = page.locator("form", has=page.get_by_role("heading", name="How it renders"))
        renders.get_by_label("Frames", exact=False).first.fill("3-x")
        renders.get_by_role("button", name="Save").click()
        expect(renders.get_by_role("alert")).to_contain_text("frames")
        renders.get_by_label("Frames", exact=False).first.fill("1-3")
        renders.get_by_role("button", name="Save").click()
        expect(page.get_by_text("0 of 3 tasks")).to_be_visible(timeout=20_000)
        page.get_by_label("Preset").select_option("preview")
        page.get_by_role("button", name="Add a setting").click()
        page.get_by_label("Render setting", exact=True).fill("samples")
        page.get_by_label("Value of the setting").fill("3")
        render_settings = page.locator("form", has=page.get_by_role("heading", name="Render settings"))
        page.get_by_label("Comment").fill("<b>for Monday</b>")
        with page.expect_response(lambda answer: answer.request.method == "PATCH"):
            render_settings.get_by_role("button", name="Save").click()
        page.locator("form", has=page.get_by_role("heading", name="The job")).get_by_role("button", name="Save").click()
        expect(page.locator(".facts")).to_contain_text("<b>for Monday</b>")
        axe(page)
        found = client.job(job)
        assert (found["settings"]["frames"], found["preset"], found["overrides"]) == ("1-3", "preview", {"samples": 3})
        page.get_by_role("tab", name="Activity").click()
        first = page.locator(".activity li")
        expect(first.first).to_contain_text("boss set comment to <b>for Monday</b>")
        expect(first.last).to_contain_text("boss submitted the job")
        axe(page)
        page.get_by_role("tab", name="Files").click()
        expect(page.locator(".files-table .tabulator-row")).to_have_count(1)
        page.get_by_label("Search files").fill("nothing like this")
        expect(page.locator(".files-table .tabulator-row")).to_have_count(0)
        boss.faults.clear()  # the console shows the refused frames
    finally:
        client.delete(job)


def test_what_began_is_locked_and_says_why(boss: Visitor, browser: Browser, made: Made) -> None:
    page = boss.open(f"/jobs/{made.png}#settings")
    expect(page.get_by_role("note")).to_contain_text("Its tasks have begun")
    expect(page.get_by_label("Chunk size")).to_be_disabled()
    token = made.farm.client.call("POST", "/users", data=b'{"name": "vic", "role": "viewer"}').json()["token"]
    with visitor(browser, boss.address, token, viewport=PHONE, has_touch=True, color_scheme="dark") as vic:
        page = vic.open(f"/jobs/{made.png}#settings")
        expect(page.get_by_role("note")).to_contain_text("You may look only")
        expect(page.get_by_role("button", name="Save")).to_have_count(0)
        axe(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        page.get_by_role("tab", name="Output").click()
        expect(tiles(page).first).to_be_visible()
        page.get_by_label("Open frame 1").tap()
        expect(stage(page)).to_have_attribute("data-frame", "1")
        axe(page)
