"""Render-settings presets."""

from __future__ import annotations

from pathlib import Path

import pytest
from flamenco_server.errors import Invalid
from flamenco_server.modules.settings.presets import BUILT_IN, Presets
from server_parts import Farm, make_farm


def test_the_presets_that_come_with_the_server_are_whole() -> None:
    presets = Presets([BUILT_IN])
    assert {"preview", "final", "fast-cycles"} <= {preset.name for preset in presets.list()}
    for preset in presets.list():
        assert not preset.error
        assert preset.help
        assert presets.preset(preset.name) == preset.overrides


def test_an_unknown_preset_is_an_error_that_names_the_known_ones() -> None:
    with pytest.raises(Invalid, match="fast-cycles, final, preview") as caught:
        Presets([BUILT_IN]).preset("beautiful")
    assert caught.value.field == "preset"


def test_a_farms_own_preset_wins_and_an_edited_one_counts_at_once(tmp_path: Path) -> None:
    presets = Presets([BUILT_IN, tmp_path, tmp_path / "not there"])
    file = tmp_path / "final.toml"
    file.write_text("[overrides]\nsamples = 9\n")
    assert presets.preset("final") == {"samples": 9}
    file.write_text("[overrides]\nsamples = 10\n")
    assert presets.preset("final") == {"samples": 10}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("not toml at all [", "broken.toml is not valid"),
        ("label = 'x'", "overrides"),
        ("[overrides]\ncolour = 'red'", "'colour' cannot be overridden; these can: engine, samples"),
        ("[overrides]\nsamples = 'many'", "samples is 'many'; it must be a whole number"),
        ("[overrides]\nsamples = true", "samples is True; it must be a whole number"),
        ("[overrides]\nsamples = -1", "0 or more"),
        ("[overrides]\ndenoise = 1", "true or false"),
        ("[overrides]\nengine = 3", "must be text"),
        ("[overrides]\nfps = 0", "above 0"),
        ("[other]\nx = 1\n[overrides]", "other"),
    ],
)
def test_a_broken_preset_is_listed_with_its_error_and_harms_no_other(tmp_path: Path, text: str, says: str) -> None:
    farm: Farm = make_farm(tmp_path / "data", render_settings=[tmp_path])
    (tmp_path / "broken.toml").write_text(text)
    listed = {preset["name"]: preset for preset in farm.by("viewer")("GET", "/api/render-settings").json["items"]}
    assert says in listed["broken"]["error"]
    assert listed["broken"]["overrides"] == {}
    assert listed["final"]["error"] == ""
    with pytest.raises(Invalid):
        Presets([tmp_path]).preset("broken")
    farm.database.close()
