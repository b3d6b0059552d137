"""Presets for submitting: kept here or shared through a real server, chosen again without what belongs to one shot."""

from __future__ import annotations

from pathlib import Path

import pytest
from flamenco_addon.core.catalogue import JobType, fetch_catalogue
from flamenco_addon.core.choices import Choices
from flamenco_addon.core.forms import Field
from flamenco_addon.core.presets import OwnPresets, SubmissionPreset, apply, name_for, preset_of
from flamenco_client.errors import NotAllowed
from served_farm import Served

FRAMES = Field("frames", "frames", "Frames", source="frame_range")
CAMERA = Field("camera", "str", "Camera")
FPS = Field("fps", "float", "Frame rate", default=24.0)
RENDER = JobType("render", fields=(FRAMES, CAMERA, FPS))


def made(tmp_path: Path) -> Choices:
    """An artist's choices for a shot."""
    choices = Choices(tmp_path)
    for name, value in {
        "priority": 80,
        "tags": ["gpu"],
        "comment": "for Monday",
        "name": "shot",
        "output": "//x",
    }.items():
        choices.set("/a.blend", name, value)
    for field, chosen in ((FRAMES, "1-3"), (CAMERA, "Left"), (FPS, 12.0)):
        choices.choose_setting("/a.blend", "render", field, chosen)
    return choices


def test_a_preset_has_what_another_shot_can_use(tmp_path: Path) -> None:
    preset = preset_of(made(tmp_path), "/a.blend", RENDER, "Fast & Cheap!")
    assert (preset.name, preset.label, preset.job_type) == ("fast-cheap", "Fast & Cheap!", "render")
    assert (preset.values, preset.settings) == ({"priority": 80, "tags": ["gpu"]}, {"fps": 12.0})


def test_a_preset_is_chosen_for_another_shot(tmp_path: Path) -> None:
    preset = preset_of(made(tmp_path), "/a.blend", RENDER, "fast")
    choices = Choices(tmp_path)
    choices.set("/b.blend", "comment", "stays")
    choices.set("/b.blend", "paused", True)
    choices.choose_setting("/b.blend", "render", FRAMES, "7")
    apply(preset, choices, "/b.blend", RENDER)
    assert choices.all("/b.blend") == {
        "comment": "stays", "priority": 80, "tags": ["gpu"], "job_type": "render", "render/frames": "7", "render/fps": 12.0,
    }  # fmt: skip


def test_own_presets_are_kept_on_this_machine(tmp_path: Path) -> None:
    presets = OwnPresets(tmp_path)
    assert presets.all() == ()
    presets.keep(SubmissionPreset("b", "B", "render", {"priority": 1}, {"fps": 2.0}))
    presets.keep(SubmissionPreset("a", "A", "bake"))
    presets.keep(SubmissionPreset("b", "B again", "render", {"priority": 3}))
    assert [(each.label, dict(each.values), each.shared) for each in OwnPresets(tmp_path).all()] == [
        ("A", {}, False),
        ("B again", {"priority": 3}, False),
    ]
    presets.delete("a")
    assert [each.name for each in presets.all()] == ["b"]


@pytest.mark.parametrize("content", ["", "{}", "[1, null]", "[" * 100_000])
def test_a_broken_file_of_presets_is_none(content: str, tmp_path: Path) -> None:
    (tmp_path / "presets.json").write_text(content)
    assert OwnPresets(tmp_path).all() == ()


@pytest.mark.parametrize(
    ("label", "name"), [("Fast", "fast"), ("  A -- b  ", "a-b"), ("ünï", "n"), ("!?", ""), ("x" * 300, "x" * 100)]
)
def test_a_label_gives_a_name(label: str, name: str) -> None:
    assert name_for(label) == name


def test_the_studio_shares_presets_through_the_server(tmp_path: Path, served: Served) -> None:
    preset = preset_of(made(tmp_path), "/a.blend", RENDER, "Fast & cheap")
    artist = served.client("artist")
    artist.keep_submission_preset(preset.name, preset.job_type, preset.document(), preset.label)
    found = fetch_catalogue(served.client("viewer")).shared
    assert found is not None
    assert [(each.label, dict(each.values), dict(each.settings), each.shared) for each in found] == [
        ("Fast & cheap", {"priority": 80, "tags": ["gpu"]}, {"fps": 12.0}, True)
    ]
    with pytest.raises(NotAllowed):
        served.client("viewer").delete_submission_preset(preset.name)
    artist.delete_submission_preset(preset.name)
    assert fetch_catalogue(artist).shared == ()
