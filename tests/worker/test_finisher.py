"""Outputs are checked, put in place at once, hashed, and come with a thumbnail; what is wrong settles the run."""

from __future__ import annotations

import errno
import io
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from fake_manager import sha
from flamenco_common.documents import Assignment
from flamenco_common.states import RunStatus
from flamenco_worker import finisher as module
from flamenco_worker.cache import Cache
from flamenco_worker.commands.base import Made
from flamenco_worker.finisher import Finisher
from flamenco_worker.outbox import Parcel
from flamenco_worker.run import Run
from flamenco_worker.uploader import Uploader
from PIL import Image
from processes import until


class Line:
    """A finisher, and runs that hand it files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "thumbnails").mkdir()
        self.cache = Cache(folder, 10**9, lambda _seconds: None, set)
        self.news = 0
        self.sent: list[Parcel] = []
        self.uploader = Uploader(self.sent.extend, self._count)
        self.finisher = Finisher(self.cache, folder / "thumbnails", "", self.uploader, lambda: None)
        self.finisher.start()
        self.uploader.start()

    def _count(self) -> None:
        self.news += 1

    def run(self, storage: str = "uploaded") -> Run:
        """A run with folders of its own."""
        job = self.folder / "jobs" / "1"
        assignment = Assignment(1, "r", 1, "s", "j", "t", [], str(job / "tree"), str(job / "output"), storage=storage)
        run = Run(assignment, job / "scratch" / "r", self.finisher.made)
        run.scratch.mkdir(parents=True)
        return run

    def end(self, run: Run) -> None:
        """Say that the commands are done, and wait until all is checked."""
        run.finish()
        until(lambda: run.status is not None, 10, "the run is settled")


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    """A finisher that runs."""
    made = Line(tmp_path)
    yield made
    made.finisher.stop()
    made.uploader.stop(10)


def frame(folder: Path, name: str = "f.png", seed: int = 1) -> Path:
    """A picture of 64x48."""
    file = folder / name
    Image.fromarray(np.random.default_rng(seed).integers(0, 255, (48, 64, 3), np.uint8)).save(file)
    return file


def told(run: Run) -> tuple[list, list[Parcel]]:
    """The outputs and parcels that would be told."""
    taken = run.take(final=False, sign_of_life=0)
    assert taken is not None
    return taken[0].outputs, taken[1]


def test_a_frame_is_put_in_place_and_told_with_all_that_is_known_of_it(line: Line) -> None:
    run = line.run()
    run.started = 1.0
    file = frame(run.scratch)
    digest = sha(file.read_bytes())
    run.output(Made(file, "frames/0001.png", frame=1, width=64, height=48, layer="ViewLayer"))
    line.end(run)
    (output,), parcels = told(run)
    assert line.sent == parcels, "the files go up before they are told"
    final = line.folder / "jobs/1/output/frames/0001.png"
    assert sha(final.read_bytes()) == digest == output.sha256
    assert (output.size, output.width, output.height, output.frame, output.layer) == (
        final.stat().st_size, 64, 48, 1, "ViewLayer",
    )  # fmt: skip
    thumbnail, picture = parcels
    assert thumbnail.sha256 == output.thumbnail
    assert Image.open(io.BytesIO(Path(thumbnail.path).read_bytes())).size == (64, 48)
    assert (picture.sha256, picture.spare) == (digest, str(final))
    assert run.status is RunStatus.COMPLETED
    until(lambda: not run.scratch.exists(), 5, "its scratch folder is removed")


def test_what_is_to_be_sent_stays_as_it_was_when_a_later_run_replaces_the_file(line: Line) -> None:
    run = line.run()
    run.started = 1.0
    run.output(Made(frame(run.scratch), "0001.png"))
    line.end(run)
    outputs, parcels = told(run)
    again = line.run()
    again.output(Made(frame(again.scratch, seed=2), "0001.png"))
    line.end(again)
    sent = parcels[-1].file()
    assert sent is not None
    assert sha(sent.read_bytes()) == outputs[0].sha256


def test_outputs_are_told_in_the_order_in_which_they_were_made(line: Line) -> None:
    run = line.run()
    run.started = 1.0
    for number in range(5):
        run.output(Made(frame(run.scratch, f"{number}.png", number), f"{number}.png", frame=number))
    line.end(run)
    assert [each.frame for each in told(run)[0]] == [0, 1, 2, 3, 4]


def test_a_bad_output_fails_the_run_and_is_not_put_in_place(line: Line) -> None:
    run = line.run()
    file = frame(run.scratch)
    file.write_bytes(file.read_bytes()[:-20])
    run.output(Made(file, "0001.png"))
    line.end(run)
    taken = run.take(final=True, sign_of_life=0)
    assert taken is not None
    assert (taken[0].status, taken[0].reason) == (RunStatus.FAILED, "f.png is cut off: it has no end")
    assert "error: f.png is cut off" in taken[0].log
    assert not (line.folder / "jobs/1/output/0001.png").exists()


@pytest.mark.parametrize("path", ["../0001.png", "/0001.png", "a/../../b.png"])
def test_an_output_that_leaves_its_folder_fails_the_run(line: Line, path: str) -> None:
    run = line.run()
    run.output(Made(frame(run.scratch), path))
    line.end(run)
    assert run.status is RunStatus.FAILED


def test_a_bad_output_on_a_full_disk_is_the_machines_fault(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(line.folder)
    monkeypatch.setattr(module.shutil, "disk_usage", lambda _path: usage._replace(free=1000))
    run = line.run()
    file = frame(run.scratch)
    file.write_bytes(file.read_bytes()[:-20])
    run.output(Made(file, "0001.png"))
    line.end(run)
    taken = run.take(final=True, sign_of_life=0)
    assert taken is not None
    assert taken[0].status is RunStatus.LOST
    assert "disk is full" in taken[0].reason


def test_an_output_that_cannot_be_put_in_place_is_the_machines_fault(line: Line, tmp_path: Path) -> None:
    run = line.run()
    (tmp_path / "jobs/1/output").mkdir(parents=True)
    (tmp_path / "jobs/1/output/frames").write_bytes(b"a file where a folder should be")
    run.output(Made(frame(run.scratch), "frames/0001.png"))
    line.end(run)
    assert run.status is RunStatus.LOST


def test_outputs_of_a_run_that_was_taken_away_are_left_alone(line: Line) -> None:
    run = line.run()
    run.drop()
    run.output(Made(frame(run.scratch), "0001.png"))
    run.finish()
    until(lambda: not run.scratch.exists(), 10, "it was looked at")
    assert not (line.folder / "jobs/1/output").exists()
    assert not run.scratch.exists()


def test_with_shared_storage_a_file_that_is_there_already_counts_as_made(line: Line) -> None:
    run = line.run("shared")
    run.started = 1.0
    final = line.folder / "jobs/1/output"
    final.mkdir(parents=True)
    file = frame(final, "0001.png")
    run.output(Made(file, "0001.png", frame=1))
    line.end(run)
    (output,), parcels = told(run)
    assert run.status is RunStatus.COMPLETED
    assert file.is_file()
    assert [each.sha256 for each in parcels] == [output.thumbnail], "only the thumbnail is sent"


def test_an_output_for_another_file_system_is_copied_and_then_put_in_place_at_once(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Path.replace

    def across(self: Path, target: Path) -> Path:
        if self.parent != target.parent:
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        return real(self, target)

    monkeypatch.setattr(Path, "replace", across)
    run = line.run()
    run.output(Made(frame(run.scratch), "deep/0001.png"))
    line.end(run)
    assert [each.name for each in (line.folder / "jobs/1/output/deep").iterdir()] == ["0001.png"]


def test_caches_and_plain_files_have_no_thumbnail(line: Line) -> None:
    run = line.run()
    run.started = 1.0
    (run.scratch / "a.bphys").write_bytes(b"BPHYSICS")
    run.output(Made(run.scratch / "a.bphys", "cache/a.bphys", kind="cache"))
    line.end(run)
    (output,), parcels = told(run)
    assert (output.kind, output.thumbnail, len(parcels)) == ("cache", "", 1)
