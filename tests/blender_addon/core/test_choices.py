"""Choices are kept a .blend each, outside of it, and what cannot be a choice counts as none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from flamenco_addon.core.catalogue import Catalogue, JobType
from flamenco_addon.core.choices import DEFAULTS, MOST_BLENDS, Choices, chosen, chosen_type
from flamenco_addon.core.forms import Field

FRAMES = Field("frames", "frames", "Frames", source="frame_range")
CHUNK = Field("chunk_size", "int", "Chunk size", default=1, minimum=1, maximum=10)
LAYERS = Field("view_layers", "list", "View layers")
RENDER = JobType("render", fields=(FRAMES, CHUNK, LAYERS))
FARM = Catalogue(job_types=(JobType("bake"), RENDER, JobType("broken", error="a comma is missing")))


def test_choices_are_kept_a_blend_each(tmp_path: Path) -> None:
    choices = Choices(tmp_path)
    choices.set("/a.blend", "priority", 70)
    choices.set("/b.blend", "priority", 30)
    choices.save()
    again = Choices(tmp_path)
    assert [again.known(blend, "priority") for blend in ("/a.blend", "/b.blend", "/c.blend", "")] == [70, 30, 50, 50]
    assert (tmp_path / "choices.json").stat().st_mode & 0o777 == 0o600


def test_two_blenders_do_not_forget_each_other_s_choices(tmp_path: Path) -> None:
    one, other = Choices(tmp_path), Choices(tmp_path)
    one.set("/a.blend", "comment", "one")
    other.set("/b.blend", "comment", "other")
    one.save()
    other.save()
    again = Choices(tmp_path)
    assert (again.known("/a.blend", "comment"), again.known("/b.blend", "comment")) == ("one", "other")


def test_a_choice_that_is_taken_back_is_gone(tmp_path: Path) -> None:
    choices = Choices(tmp_path)
    choices.set("/a.blend", "comment", "x")
    choices.save()
    choices.set("/a.blend", "comment", None)
    choices.save()
    assert json.loads((tmp_path / "choices.json").read_text()) == {}


def test_a_blend_saved_as_another_begins_with_the_choices_of_the_old_one(tmp_path: Path) -> None:
    choices = Choices(tmp_path)
    choices.set("/a.blend", "priority", 70)
    choices.set("/b.blend", "comment", "of the b that was there")
    choices.follow("/a.blend", "/b.blend")
    choices.set("/b.blend", "paused", True)
    assert choices.all("/b.blend") == {"priority": 70, "paused": True}
    assert choices.all("/a.blend") == {"priority": 70}


def test_what_was_chosen_before_the_first_saving_goes_with_the_file(tmp_path: Path) -> None:
    choices = Choices(tmp_path)
    choices.set("", "priority", 70)
    choices.follow("", "/a.blend")
    assert (choices.all("/a.blend"), choices.all("")) == ({"priority": 70}, {})


def test_the_latest_blends_are_remembered(tmp_path: Path) -> None:
    choices = Choices(tmp_path)
    for number in range(MOST_BLENDS + 5):
        choices.set(f"/{number}.blend", "priority", 1)
    choices.save()
    again = Choices(tmp_path)
    assert again.all("/4.blend") == {}
    assert again.all("/5.blend") == {"priority": 1}


@pytest.mark.parametrize("content", ["", "[]", "{", '{"/a.blend": 7}', "[" * 100_000, "\x00"])
def test_a_broken_file_of_choices_is_none(content: str, tmp_path: Path) -> None:
    (tmp_path / "choices.json").write_text(content)
    choices = Choices(tmp_path)
    assert choices.known("/a.blend", "priority") == 50
    choices.set("/a.blend", "priority", 1)
    choices.save()
    assert Choices(tmp_path).known("/a.blend", "priority") == 1


def test_that_choices_cannot_be_kept_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    choices = Choices(tmp_path / "file")
    choices.set("/a.blend", "priority", 1)
    choices.save()
    assert choices.known("/a.blend", "priority") == 1


@pytest.mark.parametrize("wrong", ["50", 5.0, True, None, [], {}])
def test_a_choice_of_the_wrong_kind_counts_as_none(wrong: Any, tmp_path: Path) -> None:
    (tmp_path / "choices.json").write_text(json.dumps({"/a.blend": {name: wrong for name in DEFAULTS}}))
    choices = Choices(tmp_path)
    for name, usual in DEFAULTS.items():
        assert type(choices.known("/a.blend", name)) is type(usual)
    assert chosen(choices, "/a.blend", FARM).problems == ()


def test_the_usual_job_type_stands_for_no_choice(tmp_path: Path) -> None:
    choices = Choices(tmp_path)
    assert chosen_type(choices, "", FARM) is RENDER
    assert chosen_type(choices, "", Catalogue(job_types=FARM.job_types[:1])) == JobType("bake")
    assert chosen_type(choices, "", Catalogue()) is None
    choices.set("", "job_type", "gone")
    assert chosen_type(choices, "", FARM) is None


def test_all_that_is_chosen_becomes_a_submission(tmp_path: Path) -> None:
    choices = Choices(tmp_path)
    for name, value in {"priority": 70, "project": "film", "tags": ["gpu"], "paused": True, "preset": "final"}.items():
        choices.set("/shots/010.blend", name, value)
    choices.choose_setting("/shots/010.blend", "render", FRAMES, "1-9x2")
    choices.choose_setting("/shots/010.blend", "bake", FRAMES, "7")
    found = chosen(choices, "/shots/010.blend", FARM)
    assert found.settings == {"frames": "1-9x2"}
    sent = found.submission()
    assert (sent.name, sent.type, sent.priority, sent.project, sent.tags) == ("010", "render", 70, "film", ("gpu",))
    assert (sent.paused, sent.preset, sent.settings, sent.root, sent.output_root) == (
        True,
        "final",
        {"frames": "1-9x2"},
        None,
        None,
    )


def test_what_cannot_be_sent_is_said(tmp_path: Path) -> None:
    choices = Choices(tmp_path)
    choices.choose_setting("", "render", FRAMES, "9-1")
    choices.choose_setting("", "render", CHUNK, 99)
    problems = chosen(choices, "", FARM).problems
    assert chosen(choices, "", FARM).name == "Untitled"
    assert [problem.split(" ")[0] for problem in problems] == ["Frames", "Chunk"]
    choices.set("", "job_type", "broken")
    assert "a comma is missing" in chosen(choices, "", FARM).problems[0]
