"""The first start, from nothing to the first frame: a newcomer's `flamenco up`, a real Blender, and a browser."""

from __future__ import annotations

import os
import re
import signal
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from addon_blender import packages
from all_in_one import Up, all_in_one
from browser import Visitor, visitor
from flamenco_client.api import Client
from flamenco_client.scene import read_blend
from flamenco_dashboard.sample import SAMPLE, SCENE, document
from played_workers import PlayedWorkers
from playwright.sync_api import Browser, Locator, Page, expect
from processes import until
from scenes import BLENDERS
from whole_farm import WholeFarm

pytestmark = [pytest.mark.real, pytest.mark.timeout(900)]

MOST_SECONDS = 300  # from the command to the first frame in the browser
LINK = re.compile(r"http://127\.0\.0\.1:\d+/enter\?code=\S+")


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    """A farm with one worker and the built add-on."""
    addon = str(packages()[0].parent)
    options = ("--no-find-blenders", "--blender", BLENDERS["4.5"])
    with all_in_one(tmp_path, *options, FLAMENCO_SERVER_ADDON_DIR=addon) as made:
        yield made


def step(page: Page, name: str) -> Locator:
    """A step of the first start."""
    return page.get_by_role("listitem").filter(has=page.get_by_role("heading", name=name))


def test_a_newcomer_sees_the_first_frame_in_five_minutes(browser: Browser, up: Up, tmp_path: Path) -> None:
    began = time.monotonic()
    link = until(lambda: LINK.search(up.said()), 240, "it shows the link").group()
    with visitor(browser, link.split("/enter")[0]) as who:
        page = who.page
        page.goto(link)
        page.get_by_role("link", name="First start").click()
        worker, addon, send, frame = (
            step(page, name) for name in ("Have a worker", "Install the add-on", "Render something", "See the first frame")
        )  # fmt: skip
        expect(worker).to_contain_text("(done)")
        with page.expect_download() as download:
            addon.get_by_role("link", name="4.2 and later").click()
        download.value.save_as(tmp_path / "addon.zip")
        assert "farm.json" in zipfile.ZipFile(tmp_path / "addon.zip").namelist()
        expect(addon).to_contain_text("(done)")
        send.get_by_role("button", name="Render the sample").click()
        picture = frame.get_by_role("img", name="The newest frame")
        expect(picture).to_be_visible(timeout=1000 * MOST_SECONDS)
        until(
            lambda: picture.evaluate("(image) => image.complete && image.naturalWidth > 0"), 30, "the picture is drawn"
        )
        seconds = time.monotonic() - began
        print(f"from `flamenco up` to the first frame: {seconds:.0f} s")
        assert seconds < MOST_SECONDS
        expect(frame).to_contain_text("(done)")

        password = step(page, "Have a password")
        password.get_by_label("Password").fill("correct horse")
        password.get_by_role("button", name="Set it").click()
        expect(password).to_contain_text("(done)")

    state = up.state()
    client = Client(state["address"], Path(state["token_file"]).read_text().strip())
    os.kill(state["pids"]["dashboard"], signal.SIGTERM)  # nobody needs it to render
    job = next(iter(client.jobs()))
    until(
        lambda: client.job(job["id"])["state"] == "completed", 500, "the farm goes on without its dashboard", every=0.5
    )
    kinds = [each["kind"] for each in client.outputs(job["id"])]
    assert kinds.count("frame") == 24 and kinds.count("video") == 1


def test_the_sample_is_what_the_submission_says() -> None:
    assert read_blend(SAMPLE).scene == SCENE
    assert read_blend(SAMPLE).version == "3.4", "the oldest Blender that the farm supports opens it"
    assert SAMPLE.stat().st_size < 200_000
    assert document()["files"][0]["size"] == SAMPLE.stat().st_size


def test_who_may_only_look_is_offered_no_sample_and_refused(browser: Browser, farm: WholeFarm) -> None:
    token = farm.client.call("POST", "/users", data=b'{"name": "guest", "role": "viewer"}').json()["token"]
    jobs = len(list(farm.client.jobs()))
    with visitor(browser, f"http://127.0.0.1:{farm.dashboard_port}", token) as guest:
        page = guest.open("/start")
        expect(page.get_by_text("You may look only")).to_be_visible()
        expect(page.get_by_role("button", name="Render the sample")).to_have_count(0)
        forced = """(marked) => fetch("/sample", {method: "POST", body: "{}", headers: marked
            ? {"X-Flamenco-Mark": document.querySelector('meta[name="flamenco-mark"]').content} : {}}).then((answer) => answer.status)"""
        assert page.evaluate(forced, True) == 403, "the server refuses"
        assert page.evaluate(forced, False) == 403, "the dashboard refuses what comes without its mark"
        guest.faults.clear()  # the console shows refused requests
    assert len(list(farm.client.jobs())) == jobs


def test_what_is_typed_stays_while_the_farm_changes(browser: Browser, farm: WholeFarm) -> None:
    token = farm.client.call("POST", "/users", data=b'{"name": "typist", "role": "artist"}').json()["token"]
    played = PlayedWorkers(farm, "first start")
    with visitor(browser, f"http://127.0.0.1:{farm.dashboard_port}", token) as who:
        page = who.open("/start")
        page.get_by_label("Password").fill("half a passw")
        job = played.submit("sc410 anim", paused=True)
        expect(step(page, "See the first frame")).to_contain_text("sc410 anim")
        expect(page.get_by_label("Password")).to_have_value("half a passw")
        farm.client.delete(job)


def test_the_sample_is_sent_as_often_as_it_is_wanted(boss: Visitor, farm: WholeFarm) -> None:
    page = boss.open("/start")
    samples = lambda: [job["id"] for job in farm.client.jobs() if job["name"] == document()["name"]]  # noqa: E731
    for wanted in (1, 2):
        with page.expect_response("**/sample"):
            page.get_by_role("button", name="Render the sample").click()
        assert len(samples()) == wanted
        expect(page.get_by_role("button", name="Render the sample")).to_be_enabled()
    for job in samples():
        farm.client.delete(job)
