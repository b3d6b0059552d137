"""Pictures as a job of their own: a folder, one of a sequence, or a pattern."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from flamenco_client.errors import BadBlend, BadRequest, LocalFault
from flamenco_client.hashing import Hashes
from flamenco_client.pictures import is_pictures, pack_pictures
from flamenco_client.submit import Submission, submit
from served_farm import Served
from server_parts import sha


@pytest.fixture
def shot(tmp_path: Path) -> Path:
    """Two sequences, a sound, and things that are neither."""
    folder = tmp_path / "project" / "shot 010"
    folder.mkdir(parents=True)
    for name in (
        "a_0001.png",
        "a_0002.png",
        "a_0010.png",
        "b1.EXR",
        "b2.EXR",
        "music.WAV",
        "notes.txt",
        "._a_0001.png",
    ):
        (folder / name).write_bytes(name.encode())
    (folder / "more.png").mkdir()
    return folder


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("", ["a_0001.png", "a_0002.png", "a_0010.png", "b1.EXR", "b2.EXR", "music.WAV"]),
        ("a_0002.png", ["a_0001.png", "a_0002.png", "a_0010.png"]),
        ("b1.EXR", ["b1.EXR", "b2.EXR"]),
        ("a_####.png", ["a_0001.png", "a_0002.png", "a_0010.png"]),
        ("a_%04d.png", ["a_0001.png", "a_0002.png", "a_0010.png"]),
        ("a_*2.png", ["a_0002.png"]),
        ("?1.EXR", ["b1.EXR"]),
    ],
)
def test_what_is_named_is_packed(shot: Path, hashes: Hashes, source: str, names: list[str]) -> None:
    assert is_pictures(shot / source)
    packed = pack_pictures(shot / source, hashes=hashes)
    assert [file.path for file in packed.files] == names
    assert all(file.sha256 == sha(Path(file.path).name.encode()) for file in packed.files)
    assert (packed.blend, packed.root) == ("", shot)


def test_paths_are_below_the_project_if_one_is_named(shot: Path, hashes: Hashes) -> None:
    packed = pack_pictures(shot / "b1.EXR", shot.parent, hashes=hashes)
    assert [file.path for file in packed.files] == ["shot 010/b1.EXR", "shot 010/b2.EXR"]
    with pytest.raises(LocalFault, match="does not lie in the project"):
        pack_pictures(shot, shot / "more.png")


def test_where_there_are_no_pictures_it_is_told(shot: Path, tmp_path: Path) -> None:
    with pytest.raises(LocalFault, match="there are no pictures in "):
        pack_pictures(shot / "more.png")
    with pytest.raises(LocalFault, match=r"there are no pictures like .*c_####\.png"):
        pack_pictures(shot / "c_####.png")
    with pytest.raises(LocalFault, match="cannot be read: No such file"):
        pack_pictures(tmp_path / "gone" / "*.png")


def test_what_is_no_picture_is_a_blend(shot: Path) -> None:
    assert not is_pictures(shot / "shot.blend")
    assert not is_pictures(shot / "notes.txt")
    (shot / "odd#1.blend").write_bytes(b"")
    assert not is_pictures(shot / "odd#1.blend")
    assert not is_pictures(shot / "gone")


def test_a_video_of_a_folder_is_submitted(served: Served, shot: Path) -> None:
    settings = {"fps": 25, "pictures": "a_*.png", "hold_missing": True, "sound": "music.WAV"}
    job = submit(served.client(), shot, Submission(settings=settings))
    assert (job["type"], job["name"], job["total"], job["blend"], job["blender"]) == ("video", "shot 010", 1, "", "")
    sent = {file["path"]: file["sha256"] for file in served.client().items(f"/jobs/{job['id']}/files")}
    assert set(sent) == {"a_0001.png", "a_0002.png", "a_0010.png", "b1.EXR", "b2.EXR", "music.WAV"}
    assert served.client().missing(list(sent.values())) == []
    (step,) = served.client().steps(job["id"])
    assert step["template"][0]["frames"] == "1-10"


def test_a_sound_from_elsewhere_comes_along(served: Served, shot: Path, tmp_path: Path) -> None:
    voice = tmp_path / "voice.flac"
    voice.write_bytes(b"voice")
    submission = Submission(settings={"fps": 24, "sound": "voice.flac"}, files=(voice,))
    job = submit(served.client(), shot / "b1.EXR", submission)
    (step,) = served.client().steps(job["id"])
    assert step["template"][0]["sound"] == {"paths": ["{job}/voice.flac"]}


def test_on_shared_storage_nothing_is_sent(served: Served, shot: Path) -> None:
    job = submit(served.client(), shot / "b1.EXR", Submission(settings={"fps": 24}, shared=True))
    assert (job["storage"], job["job_root"]) == ("shared", str(shot))
    assert job["output_root"] == str(shot.parent / "renders" / "shot 010")
    assert served.count("POST", "/files") == 0
    named = Submission(settings={"fps": 24}, shared=True, name="A/B: 1", root=shot.parent)
    job = submit(served.client(), shot / "b1.EXR", named)
    assert (job["job_root"], job["output_root"]) == (str(shot.parent), str(shot.parent / "renders" / "A_B_ 1"))
    chosen = Submission(settings={"fps": 24}, shared=True, output_root=shot / "out")
    assert submit(served.client(), shot / "b1.EXR", chosen)["output_root"] == str(shot / "out")


def test_what_the_farm_refuses_names_the_setting(served: Served, shot: Path) -> None:
    with pytest.raises(BadRequest, match="the setting 'fps' must be given") as caught:
        submit(served.client(), shot, Submission())
    assert caught.value.field == "settings.fps"
    with pytest.raises(BadRequest, match=r"needs a \.blend file, and the job has none"):
        submit(served.client(), shot, Submission(type="render", settings={"frames": "1"}))
    with pytest.raises(BadBlend, match="there is no file"):
        submit(served.client(), shot / "gone.blend")


def test_the_same_token_is_the_same_job(served: Served, shot: Path) -> None:
    submission = Submission(settings={"fps": 24}, client_token=os.urandom(8).hex())
    first = submit(served.client(), shot / "b1.EXR", submission)
    again = submit(served.client(), shot / "b1.EXR", submission)
    assert first["id"] == again["id"]
    assert submit(served.client(), shot / "b1.EXR", Submission(settings={"fps": 24}))["id"] != first["id"]
