"""Render-settings presets that supervisors edit."""

from __future__ import annotations

from typing import Any

import pytest
from server_farm import Site, database_url, on_both, site

__all__ = ["database_url", "site"]


def presets(site: Site) -> dict[str, Any]:
    return {each["name"]: each for each in site.by("viewer")("GET", "/api/render-settings").json["items"]}


def put(site: Site, name: str, who: str = "supervisor", **content: Any) -> Any:
    return site.by(who)("PUT", f"/api/render-settings/{name}", json={"overrides": {"samples": 4}, **content})


@on_both
def test_a_preset_is_made_used_changed_and_taken_away(site: Site) -> None:
    made = put(site, "draft", label="Draft", help="To judge timing")
    assert made.json == {
        "name": "draft", "label": "Draft", "help": "To judge timing", "overrides": {"samples": 4}, "error": "",
        "editable": True,
    }  # fmt: skip
    job = site.submit(preset="draft")
    assert site.show(job)["preset"] == "draft"
    put(site, "draft", overrides={"samples": 9})
    assert presets(site)["draft"]["overrides"] == {"samples": 9}
    assert site.by("supervisor")("DELETE", "/api/render-settings/draft").status_code == 204
    assert "draft" not in presets(site)
    refused = site.by("artist")("POST", "/api/jobs", json=site.submission(preset="draft"))
    assert "there is no preset 'draft'" in refused.json["detail"]


def test_it_wins_over_a_file_of_that_name_which_counts_again_afterwards(site: Site) -> None:
    before = presets(site)["final"]
    assert not before["editable"]
    put(site, "final")
    assert presets(site)["final"]["overrides"] == {"samples": 4}
    site.by("supervisor")("DELETE", "/api/render-settings/final")
    assert presets(site)["final"] == before
    refused = site.by("supervisor")("DELETE", "/api/render-settings/final")
    assert (refused.status_code, "is a file on the server" in refused.json["detail"]) == (409, True)
    assert site.by("supervisor")("DELETE", "/api/render-settings/none").status_code == 404


@pytest.mark.parametrize(
    ("name", "content", "field", "sentence"),
    [
        ("draft", {"overrides": {"colour": 1}}, "overrides.colour", "'colour' cannot be overridden; these can"),
        (
            "draft",
            {"overrides": {"samples": "many"}},
            "overrides.samples",
            "samples is 'many'; it must be a whole number",
        ),
        ("Draft one", {}, "name", "is no name for a preset"),
    ],
)
def test_a_bad_one_is_refused(site: Site, name: str, content: Any, field: str, sentence: str) -> None:
    refused = put(site, name, **content)
    assert (refused.status_code, refused.json["field"]) == (422, field)
    assert sentence in refused.json["detail"]
    assert put(site, "draft", who="artist").status_code == 403


def test_one_that_was_broken_by_hand_is_listed_with_its_error(site: Site) -> None:
    broken = {"value": {"overrides": {"colour": 1}}}
    assert site.by("admin")("PUT", "/api/settings/render_settings.odd", json=broken).status_code == 200
    assert "'colour' cannot be overridden" in presets(site)["odd"]["error"]
    assert site.by("supervisor")("DELETE", "/api/render-settings/odd").status_code == 204
