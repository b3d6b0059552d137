"""My jobs: what is known of them, when the server is asked, and what a server may say at worst."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flamenco_addon.core.answers import keep_thumbnail, read_answer, write_answer
from flamenco_addon.core.background import Background
from flamenco_addon.core.catalogue import fetch_catalogue, web_page
from flamenco_addon.core.destination import Destination
from flamenco_addon.core.following import (
    BUSY_SECONDS,
    IDLE_SECONDS,
    LOOK_SECONDS,
    MOST_DETAILS,
    MOST_JOBS,
    MOST_SECONDS,
    Following,
    News,
)
from flamenco_addon.core.forms import LONGEST_TEXT
from flamenco_addon.core.jobs import STATES, FollowedJob, detail_from, jobs_from
from flamenco_addon.core.notes import Note
from flamenco_addon.core.results import Results
from flamenco_client.api import Client
from flamenco_client.errors import ClientError, LocalFault
from flamenco_server.modules.jobs.models import Job
from hypothesis import given
from hypothesis import strategies as st
from processes import until
from render_jobs import render
from served_farm import Served
from server_parts import sha
from sqlalchemy import update

JPEG = b"\xff\xd8\xff\xe0 a small picture"


class Clock:
    """Time that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Followed:
    """Somebody who follows, with a clock of their own; `ask` waits until an answer was heard."""

    def __init__(self, client: Callable[[], Client], folder: Path) -> None:
        self.clock, self.folder = Clock(), folder
        self.background = Background()
        self.news: list[News] = []
        self.jobs = Following(self.background, client, self._changed, self.clock, folder)
        self.results = Results(self.background, self.jobs, client, self.clock)

    def _changed(self, news: News) -> None:
        self.news.append(news)
        self.results.news(news)

    def settle(self) -> None:
        """Wait until nothing goes on."""
        until(lambda: (self.background.pump(), not self.background.busy)[1], 60, "all work is done")

    def ask(self) -> None:
        self.jobs.ask_anew()
        self.settle()


@pytest.fixture
def mine(served: Served, tmp_path: Path) -> Followed:
    return Followed(served.client, tmp_path / "cache")


def change(served: Served, job: int, **values: object) -> None:
    with served.farm.database.writing() as session:
        session.execute(update(Job).where(Job.id == job).values(**values))


# ---- what is known ----


def test_my_newest_jobs_are_listed_and_nobody_elses(served: Served, mine: Followed) -> None:
    first, theirs, hidden, last = (render(served) for _ in range(4))
    change(served, theirs, owner="supervisor")
    change(served, hidden, archived=True)
    mine.ask()
    assert [job.id for job in mine.jobs.jobs] == [last, first]
    job = mine.jobs.jobs[0]
    assert (job.name, job.type, job.state, job.total, job.completed) == ("A [shot]", "render", "queued", 4, 0)
    assert mine.jobs.asked
    assert mine.jobs.problem == ""


def test_a_running_job_tells_how_long_it_takes_and_why_it_waits(served: Served, mine: Followed) -> None:
    job = render(served)
    mine.ask()
    assert "worker" in mine.jobs.details[job].waiting_because
    served.worker()
    for number in range(2):
        task = served.claim(f"l{number}")
        assert task is not None
        served.farm.clock.now += 3.0
        served.report(task, 1, status="completed", at=served.farm.clock.now)
    mine.ask()
    found = mine.jobs.job(job)
    assert found is not None
    assert (found.completed, found.progress, found.is_active) == (2, 0.5, True)
    assert mine.jobs.details[job].eta == "6 s left"


def test_a_failed_job_says_what_failed(served: Served, mine: Followed) -> None:
    job = render(served, frames="1", settings={"frames": "1", "preview": False, "retries": 0})
    served.finish_all(status="failed", reason="no camera in the scene")
    mine.jobs.select(job)
    mine.ask()
    assert (mine.jobs.jobs[0].state, mine.jobs.jobs[0].failed) == ("failed", 1)
    assert mine.jobs.details[job].failures[0][0] == "no camera in the scene"


def test_the_newest_thumbnail_of_the_selected_job_comes_once(served: Served, mine: Followed) -> None:
    job = render(served)
    assert served.farm.by("artist")("PUT", f"/api/files/{sha(JPEG)}", data=JPEG).status_code == 201
    change(served, job, thumbnail=sha(JPEG))
    mine.ask()
    assert mine.jobs.thumbnails == {}
    mine.jobs.select(job)
    mine.ask()
    mine.ask()
    assert mine.jobs.thumbnails[sha(JPEG)].read_bytes() == JPEG
    assert served.count("GET", f"/api/files/{sha(JPEG)}") == 1


def test_a_server_that_goes_away_leaves_the_list_with_a_sentence(served: Served, tmp_path: Path) -> None:
    render(served)
    address = [served.address]
    token = served.farm.tokens["artist"]
    mine = Followed(lambda: Client(address[0], token, 1), tmp_path / "cache")
    mine.ask()
    address[0] = "http://127.0.0.1:9"
    mine.ask()
    assert len(mine.jobs.jobs) == 1
    assert "127.0.0.1:9 does not answer" in mine.jobs.problem
    address[0] = served.address
    mine.ask()
    assert mine.jobs.problem == ""


def test_who_is_not_signed_in_is_told_so(tmp_path: Path) -> None:
    def nobody() -> Client:
        raise ClientError("you are not signed in")

    mine = Followed(nobody, tmp_path)
    mine.ask()
    mine.jobs.act("Canceling", 1, lambda client, job: client.cancel(job))
    assert (mine.jobs.problem, mine.jobs.action_problem, mine.jobs.acting) == (*["you are not signed in"] * 2, "")


def test_an_answer_for_an_earlier_account_is_not_heard(served: Served, mine: Followed) -> None:
    render(served)
    mine.jobs.refresh()
    mine.jobs.forget()
    mine.settle()
    assert mine.jobs.jobs == ()
    assert mine.news == []


# ---- when the server is asked ----


def asked(served: Served) -> int:
    return sum(1 for method, path in served.calls if path == "/api/jobs" and method == "GET")


def test_nobody_is_asked_while_nobody_looks(served: Served, mine: Followed) -> None:
    assert mine.jobs.tick() is None
    mine.jobs.drawn()
    assert mine.jobs.tick() is not None
    mine.settle()
    assert asked(served) == 1
    mine.clock.now += LOOK_SECONDS
    assert mine.jobs.tick() is None
    assert asked(served) == 1


@pytest.mark.parametrize(("busy", "pause"), [(True, BUSY_SECONDS), (False, IDLE_SECONDS)])
def test_who_looks_at_running_jobs_is_told_often(served: Served, mine: Followed, busy: bool, pause: float) -> None:
    job = render(served)
    if not busy:
        served.client().cancel(job)
    mine.ask()
    mine.clock.now += pause - 0.5
    mine.jobs.drawn()
    assert mine.jobs.wait() == pytest.approx(0.5)
    mine.clock.now += 0.5
    assert mine.jobs.wait() == 0.0


def test_awaited_results_are_asked_for_now_and_then_without_a_look(served: Served, mine: Followed) -> None:
    job = render(served)
    mine.jobs.submitted(Note(job, Destination("/p")))
    mine.settle()
    mine.clock.now += LOOK_SECONDS
    assert mine.jobs.wait() == pytest.approx(IDLE_SECONDS - LOOK_SECONDS)
    note = mine.jobs.note(job)
    assert note is not None
    note.automatic = False
    assert mine.jobs.wait() is None


def test_a_server_that_is_away_is_asked_more_and_more_seldom(tmp_path: Path) -> None:
    mine = Followed(lambda: Client("http://127.0.0.1:9", "user_1_x", 1), tmp_path)
    waits = []
    for _ in range(8):
        mine.ask()
        mine.jobs.drawn()
        waits.append(mine.jobs.wait())
    assert waits == [4.0, 8.0, 16.0, 32.0, 64.0, MOST_SECONDS, MOST_SECONDS, MOST_SECONDS]


def test_several_blenders_ask_once(served: Served, tmp_path: Path) -> None:
    render(served)
    others = [Followed(served.client, tmp_path / "cache") for _ in range(4)]
    for each in others:
        each.jobs.refresh()
        each.settle()
    assert asked(served) == 1
    assert {len(each.jobs.jobs) for each in others} == {1}
    stranger = Followed(lambda: served.client("admin"), tmp_path / "cache")
    stranger.jobs.refresh()
    stranger.settle()
    assert asked(served) == 2
    assert stranger.jobs.jobs == ()
    assert (tmp_path / "cache/jobs.json").stat().st_mode & 0o777 == 0o600
    assert served.farm.tokens["artist"] not in (tmp_path / "cache/jobs.json").read_text()


def test_a_look_costs_a_list_and_a_few_jobs(served: Served, mine: Followed) -> None:
    for _ in range(MOST_DETAILS + 3):
        render(served)
    mine.jobs.refresh()
    mine.settle()
    answer = read_answer(mine.folder)
    answer["at"] -= BUSY_SECONDS
    write_answer(mine.folder, answer)
    served.calls.clear()
    mine.jobs.refresh()
    mine.settle()
    assert len(served.calls) == 1 + MOST_DETAILS
    assert asked(served) == 1


# ---- what is done ----


def test_a_button_does_it_in_the_background_and_shows_what_became_of_it(served: Served, mine: Followed) -> None:
    job = render(served)
    mine.jobs.act("Pausing", job, lambda client, number: client.pause(number))
    assert mine.jobs.acting == "Pausing"
    mine.jobs.act("Canceling", job, lambda client, number: client.cancel(number))
    mine.settle()
    assert (mine.jobs.acting, mine.jobs.jobs[0].state) == ("", "paused")
    mine.jobs.act("Resuming", 99, lambda client, number: client.resume(number))
    mine.settle()
    assert mine.jobs.action_problem == "there is no job 99"


def test_jobs_of_the_open_blend_are_those_that_were_sent_of_it(served: Served, mine: Followed) -> None:
    first, second = render(served), render(served)
    mine.jobs.keep(Note(first, Destination("/p", blend="/p/a.blend")))
    mine.jobs.keep(Note(second, Destination("/p", blend="/p/b.blend")))
    mine.ask()
    assert [job.id for job in mine.jobs.shown("/p/a.blend")] == [second, first]
    mine.jobs.here_only = True
    assert [job.id for job in mine.jobs.shown("/p/a.blend")] == [first]


# ---- results by themselves ----


def made(served: Served, path: str, data: bytes) -> list[dict[str, Any]]:
    assert served.farm.by("artist")("PUT", f"/api/files/{sha(data)}", data=data).status_code == 201
    number = int(Path(path).stem)
    return [{"path": path, "sha256": sha(data), "size": len(data), "kind": "frame", "frame": number}]


def test_results_come_by_themselves_frame_by_frame(served: Served, mine: Followed, tmp_path: Path) -> None:
    job = render(served, frames="1-2")
    folder = tmp_path / "render"
    mine.jobs.submitted(Note(job, Destination(str(folder), before="a_")))
    mine.settle()
    assert not folder.exists()
    served.worker()
    for number in (1, 2):
        task = served.claim(f"l{number}")
        assert task is not None
        outputs = made(served, f"frames/{number:04}.png", b"frame %d" % number)
        served.report(task, 1, status="completed", outputs=outputs, at=served.farm.clock.now)
        mine.clock.now += IDLE_SECONDS
        mine.ask()
        assert len(list(folder.iterdir())) == number
    assert mine.results.told[job] == "2 files are here"
    note = mine.jobs.note(job)
    assert note is not None
    assert note.complete == mine.jobs.jobs[0].finished != ""
    calls = served.count("GET", "/outputs")
    mine.clock.now += IDLE_SECONDS
    mine.ask()
    assert served.count("GET", "/outputs") == calls, "what is complete is not asked for again"


def test_results_that_were_stopped_come_no_more_by_themselves(served: Served, mine: Followed, tmp_path: Path) -> None:
    job = render(served, frames="1")
    mine.jobs.keep(Note(job, Destination(str(tmp_path / "render"))))
    mine.results.cancel(job)
    served.finish_all(outputs=made(served, "frames/0001.png", b"frame"))
    mine.ask()
    assert not (tmp_path / "render").exists()
    mine.results.start(job)
    mine.settle()
    assert [path.name for path in (tmp_path / "render").iterdir()] == ["0001.png"]


def test_results_of_a_job_from_elsewhere_need_a_folder(served: Served, mine: Followed) -> None:
    job = render(served)
    mine.ask()
    mine.results.start(job)
    mine.settle()
    assert "was not sent from this machine" in mine.results.told[job]
    assert job in mine.results.failed


def test_an_earlier_sessions_results_are_remembered(served: Served, mine: Followed, tmp_path: Path) -> None:
    called: list[bool] = []
    mine.jobs.awaken(lambda: called.append(True))
    mine.settle()
    assert called == []
    job = render(served, frames="1")
    mine.jobs.keep(Note(job, Destination(str(tmp_path / "render"))))
    served.finish_all(outputs=made(served, "frames/0001.png", b"frame"))
    later = Followed(served.client, tmp_path / "other cache")
    later.jobs.awaken(lambda: called.append(True))
    later.settle()
    assert called == [True]
    assert [path.name for path in (tmp_path / "render").iterdir()] == ["0001.png"]


# ---- what a server may say at worst ----

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
FIELDS = st.sampled_from(
    ["id", "name", "state", "progress", "total", "counts", "thumbnail", "eta_seconds", "failures", "scene", "workers"]
)


@given(st.lists(st.dictionaries(FIELDS, ANYTHING) | ANYTHING, max_size=4))
def test_whatever_is_listed_is_bounded_or_left_out(items: list[Any]) -> None:
    for job in jobs_from(items):
        assert isinstance(job, FollowedJob)
        assert job.id > 0
        assert 0.0 <= job.progress <= 1.0
        assert job.state in (*STATES, "unknown")
        assert len(job.name) <= LONGEST_TEXT
        assert job.thumbnail == "" or len(job.thumbnail) == 64
        assert min(job.total, job.completed, job.failed) >= 0


@given(st.dictionaries(FIELDS, ANYTHING) | ANYTHING)
def test_whatever_is_said_of_a_job_is_bounded(item: Any) -> None:
    detail = detail_from(item)
    assert 0.0 <= detail.progress <= 1.0
    assert detail.eta_seconds is None or (detail.eta_seconds >= 0 and math.isfinite(detail.eta_seconds))
    assert len(detail.waiting_because) <= LONGEST_TEXT
    assert all(len(reason) <= LONGEST_TEXT for reason, _ in detail.failures)
    assert isinstance(detail.eta, str)


def test_a_list_without_end_is_cut(served: Served, mine: Followed) -> None:
    for _ in range(MOST_JOBS + 3):
        served.farm.job()
    mine.ask()
    assert len(mine.jobs.jobs) == MOST_JOBS


@pytest.mark.parametrize("data", [b"<svg onload=...>", JPEG + b"more", b""])
def test_a_thumbnail_that_is_none_is_not_kept(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(LocalFault, match="thumbnail that is none"):
        keep_thumbnail(tmp_path / f"{sha(JPEG)}.jpg", data)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["", "{", "[]", '{"items": 3}', json.dumps({"items": [], "details": []})])
def test_a_damaged_answer_of_another_blender_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "jobs.json").write_text(text)
    assert read_answer(tmp_path) == {}


def test_the_dashboards_address_is_told_by_the_server(tmp_path: Path) -> None:
    served = Served(tmp_path / "server", dashboard_url="https://farm.example/dashboard/")
    try:
        assert fetch_catalogue(served.client()).dashboard == "https://farm.example/dashboard"
    finally:
        served.close()


@pytest.mark.parametrize("address", ["", "javascript:alert(1)", "file:///etc/passwd", "http://", "http://a b", 7, None])
def test_no_browser_is_sent_anywhere_else(address: object) -> None:
    assert web_page(address) == ""
