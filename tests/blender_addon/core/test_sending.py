"""A job on its way into a real farm: done in this process or apart, canceled at any moment, told in words."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import psutil
import pytest
import scenes
from flamenco_addon.core import apart
from flamenco_addon.core.apart import submit_apart
from flamenco_addon.core.background import Background
from flamenco_addon.core.sender import from_document, to_document
from flamenco_addon.core.sending import Phase, Sending, Submit
from flamenco_addon.core.snapshot import Snapshot, Stamp
from flamenco_client.api import Client
from flamenco_client.errors import BadRequest, Canceled, ClientError, LocalFault
from flamenco_client.progress import Progress
from flamenco_client.submit import Submission, submit
from processes import free_port, until
from served_farm import Served
from slow_link import SlowLink

VIDEO = Submission(name="clip", settings={"fps": 24})
PICTURE = 6_000_000  # bytes each: large enough to be sent alone
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An own folder for temporary files, to see what is left in it."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Three large pictures, whose content matters to nobody here."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in (1, 2, 3):
        (folder / f"frame_{number:04}.png").write_bytes(os.urandom(PICTURE))
    return folder


@pytest.fixture
def link(served: Served) -> Iterator[SlowLink]:
    """A link to the farm that lets two megabytes a second through."""
    made = SlowLink(served.port, 2_000_000)
    yield made
    made.close()


def snapshot_of(pictures: Path) -> Snapshot:
    """As if it had been taken from Blender, with a copy in a temporary folder."""
    folder = Path(tempfile.mkdtemp(prefix="flamenco-"))
    (folder / "copy").write_text("a copy")
    return Snapshot(pictures, {}, "", None, folder)


def ways() -> list[Any]:
    """Both ways in which it is done."""
    return [pytest.param(submit, id="here"), pytest.param(submit_apart, id="apart", marks=pytest.mark.real)]


def pumped(background: Background, condition: Callable[[], Any], what: str, seconds: float = 30) -> Any:
    """Pump as Blender's timer does until it holds."""
    return until(lambda: (background.pump(), condition())[1], seconds, what, every=0.01)


def children() -> list[int]:
    """The processes that run for us."""
    return [each.pid for each in psutil.Process().children(recursive=True) if "sender.py" in " ".join(each.cmdline())]


def nothing_left(temporary: Path) -> bool:
    """No temporary file and no process."""
    return list(temporary.iterdir()) == [] and children() == []


@pytest.mark.parametrize("way", ways())
def test_a_job_is_sent_and_its_phases_are_told(way: Submit, served: Served, pictures: Path, temporary: Path) -> None:
    background, phases, ends = Background(), [], []
    sending = Sending(served.client(), snapshot_of(pictures), VIDEO, ends.append, way)
    report = sending._report

    def noted(what: str, done: int, total: int) -> None:
        report(what, done, total)
        phases.append(sending.phase)

    sending._report = noted  # type: ignore[method-assign]
    sending.start(background)
    pumped(background, lambda: not sending.active, "it ended")
    assert sending.phase is Phase.DONE, sending.problem
    assert sending.line() == f"Job {sending.job['id']} is submitted: 1 task"
    assert served.client().job(int(sending.job["id"]))["name"] == "clip"
    assert ends == [sending]
    assert Phase.SENDING in phases
    assert phases[-1] is Phase.SUBMITTING
    until(lambda: nothing_left(temporary), 10, "nothing is left")


@pytest.mark.parametrize("way", ways())
def test_canceling_is_at_once_and_leaves_nothing(
    way: Submit, served: Served, link: SlowLink, pictures: Path, temporary: Path
) -> None:
    background, ends = Background(), []
    client = Client(link.address, served.farm.tokens["artist"], 1)
    sending = Sending(client, snapshot_of(pictures), Submission(), ends.append, way)
    sending.start(background)
    pumped(background, lambda: sending.phase is Phase.SENDING and sending.meter.done > 0, "bytes are on their way")
    assert sending.line().startswith("Sending · ")
    sending.cancel()
    assert sending.phase is Phase.CANCELED
    assert ends == [sending]
    assert sending.line() == "Canceled"
    until(lambda: nothing_left(temporary), 2, "nothing is left")
    pumped(background, lambda: not background.busy, "the thread ended")
    assert list(served.client().jobs()) == []
    assert sending.phase is Phase.CANCELED


@pytest.mark.parametrize("way", ways())
def test_a_server_that_hangs_can_be_left(way: Submit, silent: str, pictures: Path, temporary: Path) -> None:
    background = Background()
    sending = Sending(Client(silent, "token", 1), snapshot_of(pictures), Submission(), submit=way)
    sending.start(background)
    until(lambda: way is submit or children(), 30, "it is on its way")
    sending.cancel()
    until(lambda: nothing_left(temporary), 2, "nothing is left")


def test_a_job_that_was_made_at_the_last_moment_is_deleted(served: Served, pictures: Path) -> None:
    background, made, canceled = Background(), threading.Event(), threading.Event()

    def late(client: Client, source: Path, submission: Submission, _progress: Progress) -> Any:
        job = submit(client, source, submission)
        made.set()
        assert canceled.wait(30)
        return job

    sending = Sending(served.client(), snapshot_of(pictures), VIDEO, submit=late)
    sending.start(background)
    assert made.wait(30)
    assert len(list(served.client().jobs())) == 1
    sending.cancel()
    canceled.set()
    pumped(background, lambda: not list(served.client().jobs()), "the job is deleted")


def test_a_job_whose_end_was_not_told_yet_when_it_was_canceled_is_deleted(served: Served, pictures: Path) -> None:
    background = Background()
    sending = Sending(served.client(), snapshot_of(pictures), VIDEO)
    sending.start(background)
    assert sending._work is not None
    assert sending._work.join(30)
    assert len(list(served.client().jobs())) == 1
    sending.cancel()
    pumped(background, lambda: not list(served.client().jobs()), "the job is deleted")
    assert sending.phase is Phase.CANCELED


@pytest.mark.real
def test_the_process_is_let_finish_while_the_server_makes_the_job(served: Served, pictures: Path) -> None:
    said: list[str] = []
    progress = Progress(lambda what, _done, _total: said.append(what), lambda: "submit" in said)
    job = submit_apart(served.client(), pictures, VIDEO, progress)
    assert served.client().job(job["id"])["id"] == job["id"]


@pytest.mark.parametrize("way", ways())
def test_a_refusal_is_a_sentence_that_names_the_field(way: Submit, served: Served, pictures: Path) -> None:
    with pytest.raises(BadRequest, match="there is no setting 'framez'") as caught:
        way(served.client(), pictures, Submission(settings={"framez": 1}), Progress())
    assert caught.value.field
    background = Background()
    sending = Sending(served.client(), snapshot_of(pictures), Submission(type="nope"), submit=way)
    sending.start(background)
    pumped(background, lambda: not sending.active, "it ended")
    assert sending.phase is Phase.FAILED
    assert "there is no job type 'nope'" in sending.line()


@pytest.fixture(scope="module")
def shot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A .blend with a texture."""
    return scenes.copy("textured", "3.4", tmp_path_factory.mktemp("project"))


@pytest.fixture
def copied(shot: Path, temporary: Path) -> tuple[Path, Submission]:
    """A .blend, and how to submit a copy of it that lies in a temporary folder of the add-on's."""
    home = temporary / "flamenco-copy"
    home.mkdir()
    return shot, Submission(content=Path(shutil.copy(shot, home)))


def packing(temporary: Path) -> list[Path]:
    """The folders that hold rewritten files until all is sent."""
    return list(temporary.glob("**/flamenco-pack-*"))


@pytest.mark.real
def test_a_process_that_ends_unexpectedly_is_told_and_leaves_nothing(
    silent: str, copied: tuple[Path, Submission], temporary: Path
) -> None:
    def killed() -> None:
        until(lambda: packing(temporary), 60, "it packs")
        os.kill(children()[0], signal.SIGKILL)

    thread = threading.Thread(target=killed)
    thread.start()
    shot, submission = copied
    with pytest.raises(ClientError, match="ended unexpectedly"):
        submit_apart(Client(silent, "token", 1), shot, submission, Progress())
    thread.join()
    assert [path.name for path in temporary.glob("*/*")] == [shot.name]  # the copy is its maker's to remove


@pytest.mark.real
def test_the_process_ends_with_blender_and_leaves_nothing(
    silent: str, copied: tuple[Path, Submission], temporary: Path
) -> None:
    program = (
        "import sys; sys.path[:0] = sys.argv[4:]\n"
        "from pathlib import Path\n"
        "from flamenco_addon.core.apart import submit_apart\n"
        "from flamenco_client.api import Client\n"
        "from flamenco_client.submit import Submission\n"
        "from flamenco_client.progress import Progress\n"
        "submission = Submission(content=Path(sys.argv[3]))\n"
        "submit_apart(Client(sys.argv[1], 'token', 1), Path(sys.argv[2]), submission, Progress())\n"
    )
    shot, submission = copied
    given = [silent, str(shot), str(submission.content), str(ROOT / "blender_addon"), str(ROOT / "backend/client")]
    environment = {**os.environ, "TMPDIR": str(temporary)}
    blender = subprocess.Popen([sys.executable, "-c", program, *given], env=environment)
    try:
        until(lambda: packing(temporary), 60, "it packs")
        sender = psutil.Process(blender.pid).children()[0]
    finally:
        blender.kill()
        blender.wait()
    until(lambda: not sender.is_running() or sender.status() == psutil.STATUS_ZOMBIE, 10, "it ended")
    assert list(temporary.iterdir()) == []


def test_without_a_python_of_its_own_it_is_done_here(
    served: Served, pictures: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/usr/bin/blender")
    assert submit_apart(served.client(), pictures, VIDEO, Progress())["id"] == 1
    monkeypatch.setattr(sys, "executable", "/nowhere/python3")
    assert submit_apart(served.client(), pictures, VIDEO, Progress())["id"] == 2
    assert nothing_left(temporary)


@pytest.mark.real
def test_another_python_does_not_do_it() -> None:
    given = json.dumps({"python": [3, 1]}) + "\n"
    done = subprocess.run([sys.executable, "-I", str(apart.PROGRAM)], input=given, capture_output=True, text=True)
    assert (json.loads(done.stdout), done.returncode) == ({"unfit": True}, 0)


def test_a_submission_comes_through_whole() -> None:
    whole = Submission(
        type="render", name="ü", project="film", settings={"frames": "1-3"}, priority=1, blender="4.5", preset="p",
        overrides={"samples": 3}, paused=True, max_workers=2, tags=("a", "b"), comment="c", allow_missing=True,
        shared=True, output_root=Path("/out"), files=(Path("/a.wav"),), root=Path("/root"), content=Path("/copy"),
        scene={"fps": 24.0}, version="4.5", client_token="token",
    )  # fmt: skip
    usual = Submission()
    assert [each.name for each in fields(whole) if getattr(whole, each.name) == getattr(usual, each.name)] == []
    for submission in (whole, usual, replace(whole, root=None)):
        assert from_document(json.loads(json.dumps(to_document(submission)))) == submission


# ---- in words ----


class Clock:
    """Tells the time that it is given."""

    now = 100.0

    def __call__(self) -> float:
        """The time."""
        return self.now


def test_how_far_it_is_stands_on_one_line(pictures: Path) -> None:
    clock = Clock()
    address = f"http://127.0.0.1:{free_port()}"
    sending = Sending(Client(address, "token"), snapshot_of(pictures), Submission(), clock=clock)
    assert sending.line() == "Looking for files"
    sending._files("trace", 1200, 0, "a.png")
    assert sending.line() == "Looking for files · 1200 files"
    sending._report("upload", 0, 10_000_000)
    for _ in range(4):
        clock.now += 1
        sending._report("upload", sending.meter.done + 1_000_000, 10_000_000)
        sending._files("upload", 3, 9, "b.png")
    assert sending.line() == "Sending · 4.0 MB of 10.0 MB · 3 of 9 files · 1.0 MB/s · 6 s left"
    assert (sending.fraction, sending.meter.current) == (0.4, "b.png")
    clock.now += 2.9
    assert sending.line().startswith("Sending")
    clock.now += 0.2
    assert sending.line() == "Waiting for the server"
    sending._report("upload", 10_000_000, 10_000_000)
    assert sending.line() == "Submitting"
    sending.cancel()
    sending._report("upload", 1, 2)
    assert sending.line() == "Canceled"


def test_a_scene_that_was_never_saved_lies_in_the_root(tmp_path: Path) -> None:
    copy = tmp_path / "untitled.blend"
    untitled = Snapshot(copy, {"fps": 24.0}, "4.5", copy, tmp_path)
    assert untitled.fill(Submission()).root == tmp_path
    assert untitled.place(None) == copy
    project = tmp_path / "project"
    assert untitled.place(project) == project / "untitled.blend"
    filled = untitled.fill(Submission(root=project))
    assert (filled.root, filled.content, filled.version) == (project, copy, "4.5")
    saved = Snapshot(tmp_path / "shot.blend", {}, "4.5")
    assert saved.place(project) == saved.source
    assert saved.fill(Submission()) == replace(Submission(), scene={}, version="4.5")


def test_a_saved_file_is_held_while_the_artist_saves_again(tmp_path: Path, temporary: Path) -> None:
    blend = tmp_path / "shot.blend"
    blend.write_bytes(b"as it was")
    held = Snapshot(blend, {}, "4.5", stamp=Stamp.of(blend)).held()
    assert held.content is not None
    fresh = tmp_path / "shot.blend@"  # as Blender saves
    fresh.write_bytes(b"saved again")
    fresh.replace(blend)
    assert held.content.read_bytes() == b"as it was"
    assert (held.source, held.untitled) == (blend, False)
    assert held.held() is held
    held.discard()
    assert list(temporary.iterdir()) == []
    assert blend.read_bytes() == b"saved again"


def test_a_file_that_was_saved_at_that_very_moment_is_not_sent(tmp_path: Path, temporary: Path) -> None:
    blend = tmp_path / "shot.blend"
    blend.write_bytes(b"as it was")
    stamp = Stamp.of(blend)
    blend.write_bytes(b"saved again, and longer")
    with pytest.raises(LocalFault, match="saved at this very moment"):
        Snapshot(blend, {}, "4.5", stamp=stamp).held()
    blend.unlink()
    with pytest.raises(LocalFault, match="cannot be read"):
        Snapshot(blend, {}, "4.5", stamp=stamp).held()
    assert list(temporary.iterdir()) == []


@pytest.mark.real
def test_canceled_work_apart_raises_canceled(silent: str, pictures: Path) -> None:
    with pytest.raises(Canceled):
        submit_apart(Client(silent, "token", 1), pictures, Submission(), Progress(canceled=lambda: True))
