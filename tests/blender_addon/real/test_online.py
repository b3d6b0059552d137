"""Blender 4.2 and later ask their users whether add-ons may use the network: nothing does while they forbid it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from addon_blender import LEGACY, install
from scenes import copy
from served_farm import Served

pytestmark = pytest.mark.real
SCRIPT = Path(__file__).with_name("online_cases.py")
VERSIONS = ("3.4", "4.2", "4.5", "5.0")


@pytest.fixture(scope="module")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A farm that answers."""
    made = Served(tmp_path_factory.mktemp("server"))
    yield made
    made.close()


@pytest.fixture(scope="module", params=VERSIONS)
def told(request: pytest.FixtureRequest, farm: Served, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What one Blender of each version tells, run once for all tests."""
    folder = tmp_path_factory.mktemp("online")
    addon, target = install(request.param, folder / "blender"), folder / "told.json"
    shot = copy("textured", "3.4", folder / "project")
    given = (addon.module, farm.address, farm.farm.tokens["artist"], str(target))
    printed = addon.run(SCRIPT, *given, blend=shot, env={"XDG_CACHE_HOME": str(folder / "cache")})
    found: dict[str, Any] = json.loads(target.read_text(encoding="utf-8"))
    return {**found, "version": request.param, "printed": printed}


def only_since_4_2(told: dict[str, Any]) -> bool:
    """Whether this Blender has the switch at all; it is there where it should be."""
    assert told["has a switch"] is (told["version"] not in LEGACY)
    return bool(told["has a switch"])


def test_the_panel_says_one_sentence_and_where_to_allow_it(told: dict[str, Any]) -> None:
    if only_since_4_2(told):
        panel, preferences = told["panels"].pop("FLAMENCO_PT_render"), told["panels"].pop("FLAMENCO_AP_preferences")
        assert panel == preferences
        assert " ".join(panel[:-1]) == told["sentence"]
        assert panel[-1] == "extensions.userpref_show_online Open the Preferences"
        assert set(told["panels"]) <= {"FLAMENCO_MT_presets"}


def test_operators_say_the_same_sentence_and_nobody_is_asked(told: dict[str, Any]) -> None:
    if only_since_4_2(told):
        for name, text in told["operators"].items():
            assert told["sentence"] in text, name
            assert "\n" not in text.strip(), name
        assert len(told["operators"]) == 13
        assert told["knocked"] is False
        assert f"Flamenco: {told['sentence']}" in told["printed"]
    assert "Traceback" not in told["printed"]


def test_what_is_asked_ends_when_it_is_forbidden(told: dict[str, Any]) -> None:
    if only_since_4_2(told):
        assert told["asking"] == "connecting"
        assert told["withdrawn"] == ["failed", told["sentence"]]


def test_once_it_is_allowed_all_works(told: dict[str, Any]) -> None:
    if only_since_4_2(told):
        assert told["allowed"] == ["connected", ""]  # without anybody asking for it
    assert told["connected"] == ["connected", ""]
    assert told["allowed panel"][0] == "flamenco.send Render on Flamenco"
    assert told["tested"][0] == "done: ['FINISHED']"
    assert told["tested"][1].startswith("all is well")
    done, job = told["submitted"]
    assert (done, job > 0) == ("done: ['FINISHED']", True)
    assert told["paused"] == "done: ['FINISHED']"
