"""The farm's settings."""

from __future__ import annotations

from typing import Any

import pytest
from server_parts import Farm


def test_a_changed_setting_is_kept_and_the_log_keeps_what_it_was(farm: Farm) -> None:
    assert farm.by("viewer")("GET", "/api/settings/farm_name").json["value"] == "Flamenco"
    answer = farm.by("admin")("PUT", "/api/settings/farm_name", json={"value": "Barn"})
    assert answer.json["changed_by"] == "admin"
    assert farm.by("manager")("GET", "/api/settings/farm_name").json["value"] == "Barn"
    (line,) = farm.by("viewer")("GET", "/api/log?kind=setting").json["items"]
    assert (line["actor"], line["object_id"], line["detail"]) == ("admin", "farm_name", '"Flamenco" became "Barn"')


def test_null_brings_the_default_back(farm: Farm) -> None:
    farm.by("admin")("PUT", "/api/settings/farm_name", json={"value": "Barn"})
    answer = farm.by("admin")("PUT", "/api/settings/farm_name", json={"value": None})
    assert (answer.json["value"], answer.json["changed_at"]) == ("Flamenco", None)


def test_own_settings_are_listed_beside_the_known_ones(farm: Farm) -> None:
    farm.by("admin")("PUT", "/api/settings/pipeline.colour", json={"value": {"space": "ACEScg"}})
    names = [setting["name"] for setting in farm.by("viewer")("GET", "/api/settings").json["items"]]
    assert names == ["farm_name", "notice", "pipeline.colour", "variables"]
    assert farm.by("viewer")("GET", "/api/settings/unheard").status_code == 404


@pytest.mark.parametrize("who", ["viewer", "artist", "supervisor", "manager"])
def test_only_an_admin_changes_settings(farm: Farm, who: str) -> None:
    assert farm.by(who)("PUT", "/api/settings/notice", json={"value": "x"}).status_code == 403


@pytest.mark.parametrize(
    ("name", "value", "field"),
    [
        ("Bad Name", 1, "name"),
        ("notice", 3, "value"),
        ("notice", "x" * 70_000, "value"),
        ("variables", [], "value"),
        ("variables", {"Bad": {}}, "value.Bad"),
        ("variables", {"shots": "/mnt"}, "value.shots"),
        ("variables", {"shots": {"amiga": "/mnt"}}, "value.shots.amiga"),
        ("variables", {"shots": {"linux": 3}}, "value.shots.linux"),
        ("variables", {"shots": {"linux": "/mnt", "two_way": "yes"}}, "value.shots.two_way"),
    ],
)
def test_a_bad_value_is_a_422_that_names_the_part(farm: Farm, name: str, value: Any, field: str) -> None:
    answer = farm.by("admin")("PUT", f"/api/settings/{name}", json={"value": value})
    assert answer.status_code == 422
    assert answer.json["field"] == field


def test_variables_are_kept_as_they_were_written(farm: Farm) -> None:
    value = {"shots": {"linux": "/mnt/shots", "windows": "S:\\", "two_way": True}}
    assert farm.by("admin")("PUT", "/api/settings/variables", json={"value": value}).json["value"] == value
