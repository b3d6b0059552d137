"""`flamenco submit`: jobs of pictures, and waiting for them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flamenco_cli import submitting
from flamenco_client.errors import ClientError, Unreachable
from flamenco_here import Command
from processes import until
from render_jobs import render
from served_farm import Served
from server_parts import sha


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """The job is asked for often."""
    monkeypatch.setattr(submitting, "POLL", 0.02)


@pytest.fixture
def shot(home: Path) -> Path:
    """Three pictures."""
    (home / "shot").mkdir()
    for number in (1, 2, 3):
        (home / f"shot/{number:04}.png").write_bytes(b"%d" % number)
    return home / "shot"


@contextmanager
def meanwhile(work: Callable[[], object]) -> Iterator[None]:
    """Do this in another thread while the command runs."""
    failed: list[BaseException] = []

    def watched() -> None:
        try:
            work()
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=watched)
    thread.start()
    yield
    thread.join(20)
    assert not thread.is_alive()
    assert not failed, failed


def until_submitted(served: Served) -> dict[str, Any]:
    """The job, once it is there."""
    return until(lambda: next(served.client().jobs(), None), 20, "a job is submitted")


def test_yes_and_no_are_said_as_people_say_them(served: Served, flamenco: Command, shot: Path) -> None:
    said = ["--set", "fps=24", "--set", "hold_missing=Yes", "--set", "silent=off", "--override", "denoise=no"]
    assert flamenco("submit", shot, *said).code == 0
    job = served.client().job(next(served.client().jobs())["id"])
    assert (job["settings"]["hold_missing"], job["settings"]["silent"]) == (True, False)
    assert job["overrides"] == {"denoise": False}


def test_a_text_that_reads_as_yes_or_no_stays_text(served: Served, flamenco: Command, shot: Path) -> None:
    assert flamenco("submit", shot, "--set", "fps=24", "--set", "pictures=no", "--json").code == 2
    assert "pictures is" not in flamenco("submit", shot, "--set", "fps=24", "--set", "pictures=no").mistake()


def test_a_folder_of_pictures_is_submitted_as_a_video(served: Served, flamenco: Command, shot: Path) -> None:
    said = flamenco("submit", "shot", "--set", "fps=24", "--name", "Dailies [a]", "--priority", 70, "--comment", "now")
    assert (said.code, said.out) == (0, "Job 1 is submitted: Dailies [a], 1 task.\n")
    job = served.client().job(1)
    assert (job["type"], job["priority"], job["comment"], job["settings"]) == ("video", 70, "now", {"fps": 24})


def test_a_pattern_with_frames_shared_and_paused(served: Served, flamenco: Command, shot: Path) -> None:
    said = flamenco("submit", "shot/####.png", "--type", "video", "--frames", "2", "--set", "fps=12.5", "--shared",
                    "--output", "out", "--paused", "--tag", "fast", "--max-workers", 2, "--json")  # fmt: skip
    assert said.code == 0
    job = said.json
    assert (job["storage"], job["job_root"], job["output_root"]) == ("shared", str(shot), str(shot.parent / "out"))
    assert (job["state"], job["tags"], job["max_workers"]) == ("paused", ["fast"], 2)
    assert job["settings"] == {"fps": 12.5, "frames": "2"}


def test_what_looks_like_a_number_stays_text_where_text_is_wanted(
    served: Served, flamenco: Command, shot: Path
) -> None:
    (shot / "5").write_bytes(b"x")
    said = flamenco("submit", "shot", "--set", "fps=24", "--set", "frames=2", "--set", "pictures=0*", "--json",
                    "--override", "color_depth=16", "--override", "samples=5")  # fmt: skip
    assert said.json["settings"] == {"fps": 24, "frames": "2", "pictures": "0*"}
    assert said.json["overrides"] == {"color_depth": "16", "samples": 5}
    refused = flamenco("submit", "shot", "--set", "fps=24", "--set", "sound=5")
    assert refused.mistake().startswith("the job has no file '5'")


def test_a_sound_is_sent_along(served: Served, flamenco: Command, shot: Path) -> None:
    (shot.parent / "voice.wav").write_bytes(b"voice")
    said = flamenco("submit", "shot", "--set", "fps=24", "--file", "voice.wav", "--set", "sound=voice.wav")
    assert said.code == 0
    assert served.client().missing([sha(b"voice")]) == []


def test_waiting_ends_with_the_job_and_fetches_it(served: Served, flamenco: Command, shot: Path) -> None:
    film = b"a film"
    served.client().call("PUT", f"/files/{sha(film)}", data=film)

    def work() -> None:
        until_submitted(served)
        served.finish_all(outputs=[{"path": "shot.mp4", "sha256": sha(film), "size": len(film), "kind": "video"}])

    with meanwhile(work):
        said = flamenco("submit", "shot", "--set", "fps=24", "--wait", "--to", "film")
    assert (said.code, said.out.splitlines()) == (0, [
        "Job 1 is submitted: shot, 1 task.", "Job 1 is completed: 1 of 1 task done.", "1 file fetched to film.",
    ])  # fmt: skip
    assert (shot.parent / "film/shot.mp4").read_bytes() == film


def test_a_job_that_fails_is_exit_code_1_and_says_why(served: Served, flamenco: Command, shot: Path) -> None:
    def work() -> None:
        until_submitted(served)
        served.finish_all(status="failed", reason="0002.png is cut short")

    with meanwhile(work):
        said = flamenco("submit", "shot", "--set", "fps=24", "--set", "retries=1", "--wait")
    assert said.code == 1
    assert said.out.endswith("Job 1 is failed: 0 of 1 task done.\n")
    assert "2 failed: 0002.png is cut short\n" in said.err


def test_a_canceled_job_ends_the_waiting_too(served: Served, flamenco: Command, shot: Path) -> None:
    with meanwhile(lambda: served.client("admin").cancel(until_submitted(served)["id"])):
        said = flamenco("submit", "shot", "--set", "fps=24", "--wait", "--json")
    assert said.code == 1
    assert said.json["state"] == "canceled"


def test_who_stops_waiting_is_told_that_the_job_goes_on(
    served: Served, flamenco: Command, shot: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(submitting, "wait_for", interrupted)
    said = flamenco("submit", "shot", "--set", "fps=24", "--wait")
    assert said.code == 130
    assert said.err == "Job 1 goes on; `flamenco cancel 1` stops it.\n"
    assert served.client().job(1)["state"] == "queued"


def test_waiting_outlasts_a_server_that_is_away_for_a_while(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    job = render(served)
    client = served.client()
    answers: list[ClientError | None] = [Unreachable("away"), Unreachable("away"), None, Unreachable("away"), None]
    whole = client.job(job)

    def asked(_job: int) -> dict[str, Any]:
        error = answers.pop(0)
        if error is not None:
            raise error
        return {**whole, "state": "completed" if not answers else "processing"}

    monkeypatch.setattr(client, "job", asked)
    assert submitting.wait_for(client, job, show=False)["state"] == "completed"
    assert not answers
    monkeypatch.setattr(submitting, "AWAY_SECONDS", 0.0)
    answers += [Unreachable("away")] * 3
    with pytest.raises(Unreachable):
        submitting.wait_for(client, job, show=False)


def test_waiting_tells_a_log_how_far_the_job_is(
    served: Served, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    job = render(served)
    client = served.client()
    states = ["processing", "processing", "completed"]
    whole = client.job(job)
    monkeypatch.setattr(client, "job", lambda _job: {**whole, "state": states.pop(0)})
    monkeypatch.setattr(submitting, "TELL_SECONDS", -1.0)
    monkeypatch.setattr(submitting, "POLL", 0.0)
    submitting.wait_for(client, job, show=True)
    assert capsys.readouterr().err.count(f"Job {job}: 0/4 tasks") == 2


# ---- how much is left ----


def test_the_time_left_is_that_of_measured_frames(served: Served, flamenco: Command) -> None:
    job = render(served, "1-10")
    served.worker()
    assert submitting.status_text(served.client().job(job)).startswith("0/10 tasks")
    for number in range(4):
        task = served.claim(f"lease {number}")
        assert task is not None
        served.farm.clock.now += 30
        served.report(task, 1, status="completed")
    task = served.claim("the fifth")
    assert task is not None
    served.report(task, 1, progress=0.5)
    found = served.client().job(job)
    assert found["eta_seconds"] == pytest.approx(5.5 * 30)
    assert submitting.status_text(found) == "4/10 tasks, 2 min 45 s left"
    assert ["Left", "2 min 45 s"] in flamenco("job", job).rows
    second = served.worker("M1-b")
    assert served.claim("the sixth", second)
    assert served.client().job(job)["eta_seconds"] == pytest.approx(5.5 * 30 / 2)


@pytest.mark.parametrize(
    ("job", "text"),
    [
        ({"eta_seconds": None}, "1/4 tasks"),
        ({"eta_seconds": 0.4}, "1/4 tasks"),
        ({"eta_seconds": 59.6}, "1/4 tasks, 1 min 00 s left"),
        ({"eta_seconds": 7260}, "1/4 tasks, 2 h 01 min left"),
        ({"failed": 2, "waiting_because": "no worker has Blender [5.0]"}, "1/4 tasks, 2 failed, no worker has Blender [5.0]"),
    ],
)  # fmt: skip
def test_one_line_says_how_far_a_job_is(job: dict[str, Any], text: str) -> None:
    counts = {"completed": 1, "failed": job.get("failed", 0)}
    assert submitting.status_text({"counts": counts, "total": 4, **job}) == text
