"""Results come to where the scene would have written them: whole, once, and nothing of the artist's is overwritten unasked."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from breaking_link import BreakingLink
from flamenco_addon.core import bringing
from flamenco_addon.core.bringing import STALE_SECONDS, Brought, Busy, Policy, alone, bring
from flamenco_addon.core.destination import Destination
from flamenco_addon.core.notes import MOST_NOTES, Note, Notes
from flamenco_client.api import Client
from flamenco_client.errors import Canceled, ServerFault, Unreachable
from flamenco_client.progress import Progress
from flamenco_server.modules.tasks.models import Output
from processes import until
from served_farm import Served
from server_parts import sha
from sqlalchemy import update

fetch = sys.modules["flamenco_client.fetch"]  # the package has a function of that name
FRAMES = {f"frames/{number:04}.png": b"frame %d" % number for number in (1, 2, 3)}


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken links are taken up again at once."""
    monkeypatch.setattr(sys.modules["flamenco_client.upload"], "PAUSES", (0.0,))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "render"


def change(served: Served, path: str, **values: object) -> None:
    """Change what the server says of an output."""
    with served.farm.database.writing() as session:
        session.execute(update(Output).where(Output.path == path).values(**values))


def job_of(served: Served, outputs: dict[str, bytes], **more: Any) -> int:
    """A job that made these; the frames' numbers are in their names."""
    job = served.farm.job(outputs=outputs, **more)
    for path in outputs:
        stem = Path(path).stem
        if stem.isdigit():
            change(served, path, frame=int(stem))
        if path.endswith(".mp4"):
            change(served, path, kind="video")
    return job


def note_of(job: int, folder: Path, **more: Any) -> Note:
    return Note(job, Destination(str(folder), before="shot_", **more))


def remade(served: Served, path: str, data: bytes) -> None:
    """A frame was rendered once more."""
    assert served.farm.by("artist")("PUT", f"/api/files/{sha(data)}", data=data).status_code == 201
    change(served, path, sha256=sha(data), size=len(data))


def contents(folder: Path) -> dict[str, bytes]:
    """All files below a folder, hidden ones too."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


WANTED = {"shot_0001.png": b"frame 1", "shot_0002.png": b"frame 2", "shot_0003.png": b"frame 3"}


def test_frames_come_under_the_scenes_names_and_once_only(served: Served, folder: Path) -> None:
    note = note_of(job_of(served, {**FRAMES, "preview.mp4": b"film"}), folder)
    first = bring(served.client(), note)
    assert contents(folder) == {**WANTED, "shot_preview.mp4": b"film"}
    assert first.sentence() == f"4 files brought to {folder}"
    calls = served.count("GET", "/content")
    again = bring(served.client(), note)
    assert (len(again.new), len(again.same), served.count("GET", "/content")) == (0, 4, calls)
    assert again.sentence() == f"all is there already: 4 files in {folder}"


def test_parts_of_a_still_and_chunks_of_a_video_stay_on_the_farm(served: Served, folder: Path) -> None:
    outputs = {"parts/0001_x.exr": b"tile", "chunks/00001.mp4": b"chunk", "still_0001.png": b"whole"}
    job = job_of(served, outputs)
    change(served, "parts/0001_x.exr", kind="tile")
    change(served, "still_0001.png", kind="image", frame=1)
    bring(served.client(), note_of(job, folder))
    assert contents(folder) == {"shot_0001.png": b"whole"}


def test_a_frame_that_was_rendered_again_replaces_its_predecessor(served: Served, folder: Path) -> None:
    note = note_of(job_of(served, FRAMES), folder)
    bring(served.client(), note)
    remade(served, "frames/0002.png", b"better 2")
    done = bring(served.client(), note)
    assert [path.name for path in done.new] == ["shot_0002.png"]
    assert contents(folder) == {**WANTED, "shot_0002.png": b"better 2"}


def test_another_file_of_that_name_is_held_until_somebody_says_what_to_do(served: Served, folder: Path) -> None:
    note = note_of(job_of(served, FRAMES), folder)
    folder.mkdir()
    (folder / "shot_0002.png").write_bytes(b"painted over by hand")
    (folder / "shot_0003.png").write_bytes(b"frame 3")
    done = bring(served.client(), note)
    assert [path.name for path in done.held] == ["shot_0002.png"]
    assert contents(folder) == {**WANTED, "shot_0002.png": b"painted over by hand"}
    assert (note.held, note.complete) == (1, "")
    assert done.sentence() == f"1 file brought to {folder}; 1 other file of these names is there"


def test_what_the_artist_did_to_a_brought_frame_is_not_lost_either(served: Served, folder: Path) -> None:
    note = note_of(job_of(served, FRAMES), folder)
    bring(served.client(), note)
    (folder / "shot_0001.png").write_bytes(b"retouched")
    remade(served, "frames/0001.png", b"better 1")
    assert [path.name for path in bring(served.client(), note).held] == ["shot_0001.png"]
    assert (folder / "shot_0001.png").read_bytes() == b"retouched"


@pytest.mark.parametrize(
    ("policy", "wanted"),
    [
        (Policy.OVERWRITE, WANTED),
        (Policy.SKIP, {**WANTED, "shot_0002.png": b"mine"}),
        (Policy.KEEP, {"shot_0002.png": b"mine", **{f"job-1/{name}": data for name, data in WANTED.items()}}),
    ],
)
def test_each_answer_does_what_it_says(served: Served, folder: Path, policy: Policy, wanted: dict[str, bytes]) -> None:
    note = note_of(job_of(served, FRAMES), folder)
    folder.mkdir()
    (folder / "shot_0002.png").write_bytes(b"mine")
    assert len(bring(served.client(), note).held) == 1
    for _ in range(2):
        assert bring(served.client(), note, policy=policy).held == []
        assert contents(folder) == wanted


def test_a_link_in_the_way_is_not_written_through(served: Served, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "precious").write_bytes(b"precious")
    folder.mkdir()
    (folder / "shot_0001.png").symlink_to(tmp_path / "precious")
    bring(served.client(), note_of(job_of(served, FRAMES), folder), policy=Policy.OVERWRITE)
    assert (tmp_path / "precious").read_bytes() == b"precious"
    assert contents(folder) == WANTED


def test_it_is_complete_only_once_the_job_ended(served: Served, folder: Path) -> None:
    note = note_of(job_of(served, FRAMES), folder)
    bring(served.client(), note)
    assert note.complete == ""
    served.client().cancel(note.job)
    bring(served.client(), note)
    assert note.complete == str(served.client().job(note.job)["finished_at"]) != ""


def test_a_broken_fetch_goes_on_where_it_broke(served: Served, folder: Path, link: BreakingLink) -> None:
    big = os.urandom(3_000_000)
    note = note_of(job_of(served, {**FRAMES, "frames/0004.exr": big}), folder)
    change(served, "frames/0004.exr", frame=4)
    seen = [0]
    progress = Progress(lambda _what, at, _total: seen.append(at), lambda: seen[-1] > 1_500_000)
    with pytest.raises(Canceled):
        bring(served.client(), note, progress=progress)
    assert "shot_0004.exr" not in contents(folder)
    bring(Client(link.address, served.farm.tokens["artist"]), note)
    assert contents(folder) == {**WANTED, "shot_0004.exr": big}
    assert link.received < 1_700_000


def test_a_frame_whose_successor_did_not_come_is_replaced_later(
    served: Served, folder: Path, link: BreakingLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "TRIES", 1)
    note = note_of(job_of(served, FRAMES), folder)
    bring(served.client(), note)
    better = os.urandom(300_000)
    remade(served, "frames/0002.png", better)
    link.down = [100_000] * 4  # all calls but that for the content are smaller
    with pytest.raises(Unreachable):
        bring(Client(link.address, served.farm.tokens["artist"], 1), note)
    assert contents(folder)["shot_0002.png"] == b"frame 2"
    done = bring(served.client(), note)
    assert (len(done.new), done.held) == (1, [])
    assert contents(folder) == {**WANTED, "shot_0002.png": better}


def test_caches_go_below_the_projects_root_and_only_if_they_are_asked_for(served: Served, tmp_path: Path) -> None:
    job = job_of(served, {"blendcache_a/1.bphys": b"cache", **FRAMES})
    change(served, "blendcache_a/1.bphys", kind="cache", root="job")
    (tmp_path / "project/.git").mkdir(parents=True)
    note = note_of(job, tmp_path / "project/shots/render", blend=str(tmp_path / "project/shots/a.blend"))
    bring(served.client(), note, everything=False)
    assert not (tmp_path / "project/blendcache_a").exists()
    bring(served.client(), note)
    assert (tmp_path / "project/blendcache_a/1.bphys").read_bytes() == b"cache"


def test_files_on_shared_storage_are_copied_from_there(served: Served, folder: Path, tmp_path: Path) -> None:
    shared = tmp_path / "shared/frames"
    shared.mkdir(parents=True)
    for path, data in FRAMES.items():
        (shared / Path(path).name).write_bytes(data)
    job = job_of(served, FRAMES, storage="shared", output_root=str(shared.parent), job_root=str(tmp_path))
    bring(served.client(), note_of(job, folder))
    assert contents(folder) == WANTED
    assert served.count("GET", "/content") == 0


def test_two_that_would_become_one_file_both_come(served: Served, folder: Path) -> None:
    job = job_of(served, {"frames/0001.png": b"one", "frames/1.png": b"two"})
    bring(served.client(), note_of(job, folder))
    assert sorted(contents(folder).values()) == [b"one", b"two"]
    assert "shot_0001.png" in contents(folder)


def test_a_server_that_names_what_is_no_result_brings_nothing(served: Served, folder: Path) -> None:
    job = job_of(served, {**FRAMES, "frames/evil.sh": b"#!/bin/sh"})
    with pytest.raises(ServerFault, match=r"named an output 'frames/evil\.sh', which is no picture"):
        bring(served.client(), note_of(job, folder))
    assert not folder.exists()


def test_only_one_blender_brings_a_job(tmp_path: Path) -> None:
    notes = Notes("http://farm:8080", tmp_path)
    with alone(notes, 3), pytest.raises(Busy, match="another Blender is bringing"), alone(notes, 3):
        pass
    with alone(notes, 3), alone(notes, 4):
        pass
    lock = notes.folder / "3.lock"
    lock.touch()
    long_ago = time.time() - STALE_SECONDS - 5
    os.utime(lock, (long_ago, long_ago))
    with alone(notes, 3):
        pass
    assert not lock.exists()


def test_a_job_that_takes_long_to_bring_stays_one_blenders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bringing, "RENEW_SECONDS", 0.01)
    notes = Notes("http://farm:8080", tmp_path)
    long_ago = time.time() - STALE_SECONDS - 5
    with alone(notes, 3):
        os.utime(notes.folder / "3.lock", (long_ago, long_ago))
        until(lambda: (notes.folder / "3.lock").stat().st_mtime > long_ago + 1, 30, "it is renewed")
        with pytest.raises(Busy), alone(notes, 3):
            pass


def test_notes_are_kept_by_farm_and_job_and_not_without_end(tmp_path: Path) -> None:
    notes = Notes("http://farm:8080/", tmp_path)
    note = note_of(7, tmp_path / "render", blend="/p/a.blend", nodes={"Out": "/p/passes"})
    note.brought = {"/p/render/1.png": "aa"}
    notes.write(note)
    assert Notes("http://farm:8080", tmp_path).known(7) == note
    assert Notes("http://other:8080", tmp_path).known(7) is None
    assert (notes.folder / "7.json").stat().st_mode & 0o777 == 0o600
    for number in range(8, MOST_NOTES + 10):
        (notes.folder / f"{number}.json").write_text("{}")
    notes.tidy()
    assert len(list(notes.folder.glob("*.json"))) == MOST_NOTES
    assert Notes("http://farm:8080", tmp_path).known(7) is None


def test_a_note_that_another_blender_changed_is_read_again_and_no_other(tmp_path: Path) -> None:
    mine, theirs = Notes("farm", tmp_path), Notes("farm", tmp_path)
    mine.write(note_of(1, tmp_path / "a"))
    mine.write(note_of(2, tmp_path / "b"))
    assert mine.refresh([1, 2, 3]) == {3: None}
    assert mine.refresh([1, 2, 3]) == {}
    note = theirs.known(2)
    assert note is not None
    note.policy = "overwrite"
    theirs.write(note)
    mine.learn(mine.refresh([1, 2, 3]))
    found = mine.known(2)
    assert found is not None
    assert found.policy == "overwrite"


@pytest.mark.parametrize("text", ["", "[]", "{", '{"destination": 3}', '{"destination": {"folder": ""}}', "\xff"])
def test_a_damaged_note_is_none(tmp_path: Path, text: str) -> None:
    notes = Notes("farm", tmp_path)
    notes.folder.mkdir(parents=True)
    (notes.folder / "1.json").write_text(text, encoding="latin-1")
    assert notes.known(1) is None


def test_sentences_count_properly(tmp_path: Path) -> None:
    assert Brought(tmp_path).sentence() == "there are no results yet"
    assert Brought(tmp_path, new=[tmp_path]).summary() == "1 file is here"
    assert Brought(tmp_path, new=[tmp_path], same=[tmp_path]).summary() == "2 files are here"
    assert "2 other files of these names are there" in Brought(tmp_path, held=[tmp_path] * 2).sentence()
