"""Formats, suffixes, and names that every platform takes."""

from __future__ import annotations

import pytest
from flamenco_common.authoring_media import MOVIE_FORMATS, safe_name, still_format, video_file
from flamenco_common.paths import check_relative
from hypothesis import example, given
from hypothesis import strategies as st


@given(st.text(max_size=300))
@example("con")
@example("../..")
@example('a/b\\c:d*e?f"g<h>i|j')
@example("#### {output}")
def test_any_name_becomes_one_clean_file_name(text: str) -> None:
    name = safe_name(text)
    assert check_relative(name) == name
    assert not set(name) & set('/\\:*?"<>|#{}[]\n\t\0')
    assert name == name.strip(" .")
    assert safe_name(name) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [("Shot 010_v2", "Shot 010_v2"), ("a/b", "a_b"), ("", "result"), ("...", "result"), ("NUL", "result"), ("é", "é")],
)
def test_names_stay_what_people_know(text: str, name: str) -> None:
    assert safe_name(text) == name


@pytest.mark.parametrize("movie", MOVIE_FORMATS)
def test_a_scene_that_is_set_to_a_movie_renders_png(movie: str) -> None:
    assert still_format("scene", {"format": movie}) == "PNG"
    assert still_format("JPEG", {"format": movie}) == "JPEG"


def test_else_the_scene_keeps_its_own_format() -> None:
    assert still_format("scene", {"format": "OPEN_EXR"}) == ""
    assert still_format("scene", {}) == ""
    assert still_format("OPEN_EXR", {"format": "PNG"}) == "OPEN_EXR"


def test_a_videos_suffix_holds_its_codec() -> None:
    assert [video_file("v", codec) for codec in ("h264", "prores", "vp9", "av1")] == [
        "v.mp4",
        "v.mov",
        "v.webm",
        "v.mp4",
    ]
