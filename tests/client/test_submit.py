"""Files of real Blenders become jobs of a real server."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from client_files import files_of
from flamenco_client.api import Client
from flamenco_client.errors import BadRequest, Canceled, FilesMissing, LocalFault
from flamenco_client.progress import Progress
from flamenco_client.scene import read_blend
from flamenco_client.submit import Submission, submit
from served_farm import Served

pytestmark = pytest.mark.real


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user's own cache of hashes is left alone."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def newest() -> Path:
    """The files of the newest Blender."""
    return files_of("5.0")


def steps_of(client: Client, job: dict[str, int]) -> dict[str, int]:
    """The job's steps and how many tasks each has."""
    return {step["name"]: step["total"] for step in client.steps(job["id"])}


def test_a_shot_is_submitted_with_all_that_it_uses(served: Served, built: tuple[str, Path]) -> None:
    version, folder = built
    client = served.client()
    job = submit(client, folder / "project/shots/shot.blend", Submission(root=folder / "project"))
    assert (job["name"], job["type"], job["blend"], job["blender"]) == (
        "shot", "render", "shots/shot.blend", f">={version}",
    )  # fmt: skip
    assert job["scene"]["frame_range"] == "1-250"
    assert steps_of(client, job) == {"render": 250, "preview": 1}
    files = {file["path"]: file["sha256"] for file in client.items(f"/jobs/{job['id']}/files")}
    assert len(files) == 12
    assert client.missing(list(files.values())) == []
    calls = served.count("POST", "/files/archive")
    again = submit(client, folder / "project/shots/shot.blend", Submission(root=folder / "project", name="again"))
    assert again["id"] != job["id"]
    assert served.count("POST", "/files/archive") == calls, "nothing is sent twice"


@pytest.mark.parametrize(
    ("scene", "type_", "steps"),
    [
        ("cloth", "bake", {"bake 1": 1}),
        ("edit", "video", {"frames": 1, "chunks": 1, "sound": 1, "video": 1}),
        ("unusual", "still", {"render": 16, "merge": 1, "write": 1}),
        ("movie", "render", {"render": 4, "preview": 1}),
    ],
)
def test_every_job_type_takes_what_its_scene_says(
    served: Served, newest: Path, scene: str, type_: str, steps: dict[str, int]
) -> None:
    client = served.client()
    job = submit(client, newest / f"scenes/{scene}.blend", Submission(type=type_))
    assert steps_of(client, job) == steps


def test_overrides_count_for_what_is_compiled(served: Served, newest: Path) -> None:
    client = served.client()
    submission = Submission(type="still", settings={"tiles": "2x1"}, overrides={"resolution_percentage": 50})
    job = submit(client, newest / "scenes/unusual.blend", submission)
    tiles = [task["params"]["tile"] for task in client.tasks(job["id"], step="render")]
    assert [(tile["x0"], tile["x1"], tile["y1"], tile["width"]) for tile in tiles] == [
        (0, 499, 500, 999), (499, 999, 500, 999),
    ]  # fmt: skip


def test_shared_files_stay_where_they_are(served: Served, newest: Path) -> None:
    project = newest / "project"
    job = submit(served.client(), project / "shots/shot.blend", Submission(root=project, shared=True))
    assert job["job_root"] == str(project)
    assert job["output_root"] == str(project / "shots/renders/shot")
    assert served.count("POST", "/files") == 0
    assert (project / "shots/renders/shot").is_dir()
    submission = Submission(root=project, shared=True, output_root=project / "shots/shot.blend/inside")
    with pytest.raises(LocalFault, match="of the results cannot be made"):
        submit(served.client(), project / "shots/shot.blend", submission)


def test_a_shot_that_lacks_files_is_not_submitted(served: Served, newest: Path, tmp_path: Path) -> None:
    project = Path(shutil.copytree(newest / "project", tmp_path / "project"))
    (project / "textures/tiles.1001.png").unlink()
    (project / "textures/tiles.1002.png").unlink()
    with pytest.raises(FilesMissing, match="tiles"):
        submit(served.client(), project / "shots/shot.blend", Submission(root=project))
    job = submit(served.client(), project / "shots/shot.blend", Submission(root=project, allow_missing=True))
    assert job["allow_missing"]
    assert [each["id"] for each in served.client().jobs()] == [job["id"]]


def test_a_bad_setting_is_told_and_makes_no_job(served: Served, newest: Path) -> None:
    for settings, says in (({"frames": "9-1"}, "counts down"), ({"nothing": 1}, "no setting 'nothing'")):
        with pytest.raises(BadRequest, match=says):
            submit(served.client(), newest / "scenes/workbench.blend", Submission(settings=settings))
    with pytest.raises(BadRequest, match="no job type 'rendre'"):
        submit(served.client(), newest / "scenes/workbench.blend", Submission(type="rendre"))
    with pytest.raises(Canceled):
        submit(served.client(), newest / "scenes/workbench.blend", progress=Progress(canceled=lambda: True))
    assert list(served.client().jobs()) == []


def test_the_state_and_the_scene_that_the_caller_knows_are_submitted(
    served: Served, newest: Path, tmp_path: Path
) -> None:
    nominal = tmp_path / "shots" / "unsaved ü.blend"  # not there
    copy = Path(shutil.copyfile(newest / "scenes/workbench.blend", tmp_path / "copy.blend"))
    known = {**read_blend(copy).scene, "frame_range": "7-9"}
    client = served.client()
    job = submit(client, nominal, Submission(content=copy, scene=known, version="4.2"))
    assert (job["name"], job["blend"], job["blender"]) == ("unsaved ü", "unsaved ü.blend", ">=4.2")
    assert steps_of(client, job)["render"] == 3
    job = submit(client, nominal, Submission(content=copy))
    assert job["blender"] == ">=5.0"
    assert steps_of(client, job)["render"] == 4
