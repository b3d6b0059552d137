"""Submitting from scripts and by the button in real Blenders: the exact state goes to the farm, nothing else changes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import scenes
from addon_blender import install
from breaking_link import BreakingLink
from client_files import files_of
from flamenco_client.scene import read_blend
from served_farm import Served

pytestmark = pytest.mark.real
SCRIPT = Path(__file__).resolve().parents[2] / "support" / "addon_scripts" / "submitting.py"
VERSIONS = ("3.4", "4.5", "5.0")
FIRST_BYTES = 200_000  # that come through before the first link breaks


@pytest.fixture(scope="module")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A farm with a project."""
    made = Served(tmp_path_factory.mktemp("server"))
    made.farm.by("admin")("POST", "/api/projects", json={"name": "film"})
    yield made
    made.close()


@dataclass
class Told:
    """What one Blender told, and the farm that it talked to."""

    version: str
    farm: Served
    link: BreakingLink
    shot: Path
    told: dict[str, Any]

    def __getitem__(self, name: str) -> Any:
        return self.told[name]

    def job(self, number: int) -> dict[str, Any]:
        """A job in whole."""
        return self.farm.client().job(number)

    def files(self, number: int) -> dict[str, str]:
        """A job's files: their paths and hashes."""
        return {item["path"]: item["sha256"] for item in self.farm.client().items(f"/jobs/{number}/files")}

    def scene(self, number: int) -> dict[str, Any]:
        """What the scene says in the .blend that the farm has for a job."""
        answer = self.farm.farm.by("manager")("GET", f"/api/files/{self.files(number)[self.job(number)['blend']]}")
        assert answer.status_code == 200
        blend = self.shot.parent.parent.parent / f"job-{number}.blend"
        blend.write_bytes(answer.data)
        return read_blend(blend).scene


@pytest.fixture(scope="module", params=VERSIONS)
def told(request: pytest.FixtureRequest, farm: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """One Blender of each version does it all, over a link that breaks in the middle of the first upload."""
    version, folder = request.param, tmp_path_factory.mktemp("submit")
    shot = scenes.copy("textured", version, folder / "project" / "shots")
    given = {
        "folder": str(folder),
        "shot": str(shot),
        "scenes": [str(path.with_suffix(".blend")) for path in sorted((files_of(version) / "scenes").glob("*.json"))],
    }
    (folder / "given.json").write_text(json.dumps(given), encoding="utf-8")
    addon = install(version, folder / "blender")
    link = BreakingLink(farm.port)
    link.up = [FIRST_BYTES]
    environment = {
        "FLAMENCO_SERVER": link.address,
        "FLAMENCO_TOKEN": farm.farm.tokens["artist"],
        "XDG_CACHE_HOME": str(folder / "cache"),
    }
    (folder / "cache").mkdir()
    try:
        printed = addon.run(SCRIPT, addon.module, str(folder / "given.json"), env=environment)
        found = json.loads((folder / "told.json").read_text())
        yield Told(version, farm, link, shot, {**found, "printed": printed})
    finally:
        link.close()


def test_blender_and_the_reader_of_files_say_the_same_of_every_scene(told: Told) -> None:
    assert len(told["values"]) == 14
    for blend, values in told["values"].items():
        assert values == read_blend(Path(blend)).scene, blend


def test_a_changed_file_is_sent_as_it_is_and_stays_as_it_was(told: Told) -> None:
    dirty = told["dirty"]
    assert dirty["after"] == dirty["before"]
    assert dirty["before"]["mode"] == "EDIT_MESH"
    assert dirty["before"]["autopack"] is True
    job = told.job(dirty["job"])
    assert (job["name"], job["total"], job["blender"]) == ("dirty", 8, f">={told.version}")  # 7 frames and a preview
    assert set(told.files(dirty["job"])) == {"textured.blend", "green.png"}
    assert told.scene(dirty["job"])["frame_range"] == "1-7"
    assert read_blend(told.shot).scene["frame_range"] == "1-4"


def test_what_is_being_edited_is_in_the_copy(told: Told) -> None:
    assert max(told["edited"]["copy"]) == 42
    assert max(told["edited"]["file"]) == 1


def test_a_lost_connection_is_taken_up_again(told: Told) -> None:
    assert told.link.up == []
    assert told.link.connections >= 2
    assert told.job(told["dirty"]["job"])["name"] == "dirty"


def test_a_file_that_was_never_saved_is_sent(told: Told) -> None:
    untitled = told["untitled"]
    assert untitled["after"] == untitled["before"]
    assert untitled["after"]["path"] == ""
    job = told.job(untitled["job"])
    assert (job["name"], job["blend"]) == ("untitled", "untitled.blend")
    assert told.scene(untitled["job"])["frame_range"] == "1-2"


def test_every_property_reaches_the_job(told: Told) -> None:
    job = told.job(told["everything"])
    wanted = {
        "name": "all of it", "project": "film", "priority": 77, "blender": told.version, "state": "paused", "max_workers": 2,
        "comment": "for the dailies", "blend": "shots/textured.blend",
    }  # fmt: skip
    assert {name: job[name] for name in wanted} == wanted
    assert sorted(job["tags"]) == ["big", "gpu"]
    assert job["settings"]["frames"] == "1,3"
    assert job["overrides"] == {"samples": 3}
    assert set(told.files(told["everything"])) == {"shots/textured.blend", "shots/green.png", "extra.txt"}


def test_errors_are_one_sentence(told: Told) -> None:
    says = {
        "settings": "settings is no JSON",
        "list": "settings must be a JSON object",
        "type": "no job type 'nope'",
        "setting": "there is no setting 'framez'",
        "frames": "frames",
        "root": "does not lie in the project",
        "file": "there is no file /nowhere.wav",
        "priority": "riority",
        "missing": "gone.png",
        "camera": "camera",
        "shared": "save it there first",
    }
    assert set(told["errors"]) == set(says)
    for name, words in says.items():
        text = told["errors"][name]
        assert words.lower() in text.lower(), name
        assert text.startswith("Error: ")
        assert "\n" not in text.strip(), name
        assert "Traceback" not in text


def test_the_console_tells_the_job(told: Told) -> None:
    assert f"Flamenco: job {told['dirty']['job']} is submitted: dirty, 8 tasks" in told["printed"]
    assert "Traceback" not in told["printed"]


def test_the_button_sends_what_is_chosen_in_the_panel(told: Told) -> None:
    job = told.job(told["button"]["job"])
    assert (job["name"], job["priority"], job["comment"]) == ("from the panel", 33, "chosen")
    assert job["settings"]["frames"] == "2"
    assert told["button"]["temporary"] == []


def test_canceling_leaves_nothing(told: Told) -> None:
    canceled = told["canceled"]
    assert "is being sent already" in canceled["refused"]
    assert (canceled["cancel"], canceled["phase"], canceled["poll"]) == (["FINISHED"], "CANCELED", False)
    assert canceled["temporary"] == []
    assert canceled["last"] == [told["button"]["job"]] * 2
    # No job came after the one that the button sent.
    assert max(job["id"] for job in told.farm.client().jobs()) == told["button"]["job"]
