"""The panel in real Blenders: its form, its states, what is kept where, and what a hostile server can make of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from addon_blender import install
from flamenco_addon.core.catalogue import MOST_JOB_TYPES, job_type_from
from hostile_server import EVIL_NAMES, GOOD, HostileServer, evil_job_types, reply
from served_farm import Served

pytestmark = pytest.mark.real
SCRIPT = Path(__file__).resolve().parents[2] / "support" / "addon_scripts" / "panel_states.py"
VERSIONS = ("3.4", "4.5", "5.0")


@pytest.fixture(scope="module")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A farm with a worker and a project."""
    made = Served(tmp_path_factory.mktemp("server"))
    try:
        made.worker()
        made.client("supervisor").order_worker("M1-a", tags=["gpu"])
        made.farm.by("admin")("POST", "/api/projects", json={"name": "film"})
        for number, state in enumerate(("queued", "paused", "canceled")):
            job = {"name": f"shot {state}", "type": "render", "blend": "a.blend", "settings": {"frames": "1-3"}}
            job |= {"storage": "shared", "job_root": "/j", "output_root": f"/o{number}", "paused": state == "paused"}
            answer = made.client("artist").submit(job)
            if state == "canceled":
                made.client("artist").cancel(answer["id"])
        yield made
    finally:
        made.close()


@pytest.fixture(scope="module")
def evil() -> Iterator[HostileServer]:
    """A farm that means harm."""
    made = HostileServer()
    # The add-on reads so many only: those first that it takes.
    types = [each for each in evil_job_types() if isinstance(each, dict)]
    named = [
        {
            "id": at + 1,
            "state": "processing",
            "progress": name,
            "thumbnail": name,
            "name": name,
            "label": name,
            "help": name,
            "tags": [name],
            "error": "",
        }
        for at, name in enumerate(EVIL_NAMES)
    ]
    documents = {
        **GOOD,
        "/api/me": {**GOOD["/api/me"], "name": "__class__\n" * 1000},
        "/api/job-types": {"items": sorted(types, key=lambda each: bool(job_type_from(each).error)), "next": None},
        **{f"/api/{name}": {"items": named, "next": None} for name in ("projects", "render-settings", "workers", "jobs")},
        "/api/submission-presets": {"items": [
            {"name": f"n{at}", "label": name, "job_type": "render", "owner": "x", "values": {"comment": name}}
            for at, name in enumerate(EVIL_NAMES)
        ], "next": None},
    }  # fmt: skip
    made.answer = lambda path: [reply(documents.get(path, {}))]
    yield made
    made.close()


@pytest.fixture(scope="module", params=VERSIONS)
def told(
    request: pytest.FixtureRequest, farm: Served, evil: HostileServer, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """What one Blender of each version tells, run once for all tests."""
    folder = tmp_path_factory.mktemp("panel")
    (folder / "blends").mkdir()
    addon = install(request.param, folder / "blender")
    given = (addon.module, farm.address, farm.farm.tokens["artist"], evil.address, str(folder / "blends"))
    text = addon.run(SCRIPT, *given)
    (line,) = [line for line in text.splitlines() if line.startswith("PANEL ")]
    return json.loads(line.removeprefix("PANEL "))  # type: ignore[no-any-return]


def test_nothing_goes_wrong_while_it_is_drawn(told: dict[str, Any]) -> None:
    assert told["faults"] == []
    shown = {name: text for name, text in told.items() if name != "broken"}
    assert "This cannot be shown; the console says why" not in json.dumps(shown)


def test_a_fault_of_ours_is_a_sentence_and_logged_once(told: dict[str, Any]) -> None:
    assert told["broken"] == ["This cannot be shown; the console says why"] * 3
    assert told["told once"] == 1


def test_who_is_signed_out_sees_the_form_to_sign_in_only(told: dict[str, Any]) -> None:
    for when in ("signed out", "no code", "signed out again"):
        assert "flamenco.sign_in_browser Sign In Through the Browser" in told[when]
        assert not any("flamenco.send" in text for text in told[when])
    assert told["signed out names"] == told["names at the end"] == []
    assert told["account is gone"]


def test_a_farm_that_was_found_is_chosen(told: dict[str, Any]) -> None:
    assert any("Flamenco on atlas" in text for text in told["found"])
    assert told["chosen"] == "http://192.168.1.10:8080"


def test_the_code_is_shown_while_a_person_is_asked(told: dict[str, Any]) -> None:
    assert "K X T W - R Z P Q" in told["code"]
    assert "flamenco.cancel_sign_in Cancel" in told["code"]


def test_a_token_is_used_once_and_kept_for_its_owner_s_eyes_only(told: dict[str, Any]) -> None:
    assert told["token after use"] == ""
    assert any(text.startswith("Asking") for text in told["asking"])
    assert "token" in " ".join(told["refused"])
    assert "flamenco.send Render on Flamenco" not in told["refused"]
    assert told["verdict"].startswith("all is well: signed in as artist")
    assert told["connected"] == "connected"
    assert (told["kept"], told["kept mode"]) == (True, "0o600")


def test_a_person_signs_in_through_the_browser(told: dict[str, Any]) -> None:
    assert told["page"] == [True]
    assert "flamenco.open_sign_in Open the Page Again" in told["waiting"]
    assert told["signed in by browser"] == ["connected", True, True]


def test_who_is_signed_in_sees_the_button_first(told: dict[str, Any]) -> None:
    assert told["ready"][0] == "flamenco.send Render on Flamenco"
    assert "artist on 127.0.0.1" in told["ready"][1]
    assert "1 worker" in told["ready"][1]


def test_each_setting_has_a_property_of_its_kind(told: dict[str, Any]) -> None:
    types = {name.removeprefix("flamenco_setting_render_"): kind for name, kind in told["types"].items()}
    wanted = {
        "frames": "STRING", "chunk_size": "INT", "format": "ENUM", "view_layers": "STRING", "split_view_layers": "BOOLEAN",
        "camera": "STRING", "fps": "FLOAT", "preview_codec": "ENUM", "gpu": "BOOLEAN",
    }  # fmt: skip
    assert wanted.items() <= types.items()
    assert told["limits"] == [1, 10_000, 1, "Frames a task; 1 is best, Blender stays open between tasks"]
    assert told["labels"] == ["Frame Rate", "A File a View Layer"]
    assert [name.split(" ")[0] for name in told["formats"]] == ["Scene", "PNG", "JPEG"]


def test_a_setting_follows_the_scene_until_it_is_unlinked(told: dict[str, Any]) -> None:
    assert (told["linked"], told["own"], told["typed"]) == ("5-9x2", "5-9x2", "1-3")
    assert told["linked again"] == "5-100x2"
    assert "3-1 counts down" in " ".join(told["wrong frames"])


def test_values_are_kept_as_they_were_meant(told: dict[str, Any]) -> None:
    assert told["fps"] == 23.976
    assert told["layers"][0] == told["layers"][1]
    assert told["no layers"] is None
    assert "Cam ünï" in told["cameras"]
    assert told["camera"] == "Cam ünï"
    assert (told["format"], told["usual format"]) == ("PNG", None)
    assert told["choices"] == [70, "final", "5.0", "film"]
    assert told["tags"] == ["gpu"]
    assert "flamenco.toggle_tag gpu" in told["workers panel"]


def test_every_job_type_has_its_form(told: dict[str, Any]) -> None:
    for kind, drawn in told["kinds"].items():
        assert any(text.startswith(f"flamenco_setting_{kind}_") for text in drawn), kind
    assert "None in this scene" in told["kinds"]["bake"]


def test_choices_go_with_the_file_and_are_restored(told: dict[str, Any]) -> None:
    assert told["name"] == "Untitled"
    assert told["followed"] == [70, "shot 010"]
    assert told["renamed"] == "My job name"
    assert told["restored"][:3] == [70, "My job name", "SECRET COMMENT"]
    assert told["restored"][3] == pytest.approx(23.976)
    assert told["the other"] == [10, "My job name"]
    assert told["copy"] == {}


def test_nothing_is_stored_in_a_blend_or_in_the_preferences(told: dict[str, Any]) -> None:
    assert told["in the blends"] == {"shot 010.blend": [], "shot 020.blend": [], "copy.blend": []}
    assert told["in the preferences"] == []
    assert told["preferences are there"] == ["flamenco_addon"]
    assert told["choices file"] == [True, False]


def test_presets_are_kept_shared_chosen_and_forgotten(told: dict[str, Any]) -> None:
    assert told["presets"] == [
        "My Own",
        "flamenco.preset_apply Mine, quick",
        "Of the Studio",
        "flamenco.preset_apply Ours",
    ]
    assert told["applied"] == [10, "My job name"]
    assert "FLAMENCO_MT_presets Ours" in told["preset shown"]
    assert told["no presets"] == ["No presets yet: + keeps what is chosen"]
    assert "there is no preset 'ours'" in told["gone preset"]


def test_jobs_and_findings_are_drawn(told: dict[str, Any]) -> None:
    for state in ("queued", "paused", "canceled"):
        assert any(f"shot {state}" in text for text in told["jobs"])
        assert len(told[f"job {state}"]) > len(told["jobs"])
    assert any("flamenco.job_cancel" in text for text in told["job queued"])
    assert any("flamenco.job_resume" in text for text in told["job paused"])
    assert not any("flamenco.job_cancel" in text for text in told["job canceled"])
    assert "No worker has the tag gpu" in " ".join(told["findings"])


def test_a_farm_that_is_away_is_a_sentence_with_a_button(told: dict[str, Any]) -> None:
    assert "connection refused" in " ".join(told["away"])
    assert "flamenco.refresh Try Again" in told["away"]
    assert "flamenco.send Render on Flamenco" in told["away"]
    assert told["back"] == "connected"


def test_a_hostile_server_makes_labels_and_nothing_else(told: dict[str, Any], evil: HostileServer) -> None:
    assert told["hostile"] == "connected"
    assert MOST_JOB_TYPES * 0.7 < told["hostile types"] <= MOST_JOB_TYPES
    assert told["declared"] > 50
    assert told["not registered"] == []
    assert told["hostile drawn"] > 0
    assert told["hostile jobs"] > 10
    for name in told["hostile names"]:
        assert name.startswith("flamenco_setting_")
        assert name.isidentifier() and name.isascii() and len(name) <= 63
    assert told["names after"] == []
    assert "This farm has no such job type" in " ".join(told["gone type"])


def test_the_shortcut_is_free_in_blender_s_own_keymaps(told: dict[str, Any]) -> None:
    assert told["key"] == []
