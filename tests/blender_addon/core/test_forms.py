"""Settings that a server declares are checked before anything is drawn; what an artist types is checked as the farm does."""

from __future__ import annotations

import json
import math
import re
from typing import Any

import pytest
from flamenco_addon.core.catalogue import job_type_from, worker_from
from flamenco_addon.core.forms import (
    KINDS,
    LONGEST_TEXT,
    SOURCES,
    BadDescription,
    Field,
    check,
    check_frames,
    field_from,
    fields_from,
    line,
    text,
)
from flamenco_common.authoring import Scene
from flamenco_common.frames import BadFrames, Frames
from hostile_server import EVIL_NAMES, evil_job_types, setting
from hypothesis import given
from hypothesis import strategies as st

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=10), inner, max_size=5),
    max_leaves=20,
)


def test_the_sources_are_those_of_the_compilers() -> None:
    assert set(SOURCES) == {source.value for source in Scene}


def test_a_declared_setting_becomes_a_field() -> None:
    declared = setting(
        name="chunk_size", type="int", label="Chunk size", default=3, minimum=1, maximum=10_000, help="Frames a task"
    )
    assert field_from(declared) == Field(
        "chunk_size", "int", "Chunk size", "Frames a task", 3, False, "", 1.0, 10_000.0
    )


def test_a_setting_without_a_label_is_called_by_its_name() -> None:
    assert field_from(setting(name="memory_mb", type="int", label="")).label == "Memory mb"


@pytest.mark.parametrize(
    ("wrong", "blamed"),
    [
        ({"name": "__class__"}, "no name of a setting"),
        ({"name": "Frames"}, "no name of a setting"),
        ({"name": "a" * 64}, "no name of a setting"),
        ({"type": "eval"}, "unknown type"),
        ({"source": "bpy.app"}, "unknown source"),
        ({"type": "int", "default": "1"}, "a whole number"),
        ({"type": "int", "default": True}, "a whole number"),
        ({"type": "int", "default": 2**31}, "a whole number"),
        ({"type": "int", "default": 0, "minimum": 1}, "at least 1"),
        ({"type": "float", "default": math.nan}, "a number"),
        ({"type": "float", "default": math.inf}, "a number"),
        ({"type": "int", "minimum": 2, "maximum": 1}, "a minimum above its maximum"),
        ({"type": "int", "minimum": 2**31}, "no whole number keeps"),
        ({"type": "int", "maximum": -(2**31) - 1}, "no whole number keeps"),
        ({"type": "str", "default": "c", "choices": ["a", "b"]}, "one of a, b"),
        ({"type": "int", "choices": ["1"]}, "no list of texts"),
        ({"type": "str", "choices": ["a", "a"]}, "not all different"),
        ({"type": "str", "choices": ["a\nb"]}, "not all different short texts"),
        ({"type": "str", "choices": [str(n) for n in range(1000)]}, "too long"),
        ({"type": "str", "default": "x" * (LONGEST_TEXT + 1)}, "a text"),
        ({"type": "str", "default": "\ud800"}, "a text"),
        ({"type": "frames", "default": "9-1"}, "counts down"),
        ({"type": "list", "default": ["a", 1]}, "a list of names"),
    ],
)
def test_what_cannot_be_a_setting_is_one_sentence(wrong: dict[str, Any], blamed: str) -> None:
    with pytest.raises(BadDescription) as raised:
        field_from(setting(**wrong))
    assert blamed in str(raised.value)


@pytest.mark.parametrize(
    "declared", [None, {}, "frames", [1], [setting(), setting()], [setting(name=f"n{n}") for n in range(201)]]
)
def test_what_is_no_list_of_settings_is_refused(declared: object) -> None:
    with pytest.raises(BadDescription):
        fields_from(declared)


@given(JSON)
def test_nothing_that_a_server_declares_raises_anything_else(declared: Any) -> None:
    for document in ({"name": "x", "settings": declared}, {"name": declared, "settings": [declared]}):
        job_type = job_type_from(document)
        assert job_type.fields or job_type.error or declared == []
    worker_from({"name": declared, "abilities": declared, "tags": declared})
    worker_from({"abilities": {"blenders": declared, "gpus": declared}})


@given(
    st.fixed_dictionaries(
        {
            "name": st.sampled_from(["frames", "a", "n_1"]) | st.text(max_size=70),
            "type": st.sampled_from([*KINDS, "x"]),
            "default": JSON,
            "minimum": JSON,
            "maximum": JSON,
            "choices": st.none() | st.lists(st.text(max_size=5), max_size=4) | JSON,
            "source": st.none() | st.sampled_from(SOURCES) | JSON,
            "label": JSON,
            "help": JSON,
            "hidden": JSON,
            "required": JSON,
        }
    )
)
def test_a_field_that_is_made_is_sound(declared: dict[str, Any]) -> None:
    try:
        field = field_from(declared)
    except BadDescription as error:
        assert "\n" not in line(str(error))
        return
    assert re.fullmatch(r"[a-z][a-z0-9_]{0,62}", field.name)
    assert field.kind in KINDS
    assert field.source in (*SOURCES, "")
    assert field.default is None or check(field, field.default) == ""
    for limit in (field.minimum, field.maximum):
        assert limit is None or math.isfinite(limit)
    assert len(field.help) <= LONGEST_TEXT
    json.dumps(field.default, allow_nan=False)


def test_job_types_of_a_malicious_server_are_listed_with_what_is_wrong() -> None:
    found = [job_type_from(item) for item in evil_job_types() if isinstance(item, dict)]
    assert found[0].fields[0].source == "frame_range"
    assert all(each.error or each.fields for each in found)
    assert sum(1 for each in found if each.error) > 100
    assert all(len(each.error) <= 300 and len(each.help) <= LONGEST_TEXT for each in found)


@pytest.mark.parametrize("evil", EVIL_NAMES)
def test_texts_are_bounded_and_have_no_control_characters(evil: Any) -> None:
    for cleaned in (text(evil), line(evil)):
        assert len(cleaned) <= LONGEST_TEXT
        assert all(char.isprintable() or char == "\n" for char in cleaned)
        cleaned.encode()
    assert "\n" not in line(evil)


frame_lists = st.lists(
    st.from_regex(r"-?[0-9]{1,4}(-[0-9]{1,4}(x[0-9]{1,2})?)?", fullmatch=True), min_size=1, max_size=4
).map(",".join)


@given(frame_lists | st.text(alphabet="0123456789-x, ", max_size=20) | st.text(max_size=10))
def test_frames_are_right_for_the_form_if_they_are_for_the_farm(typed: str) -> None:
    try:
        right = len(Frames.parse(typed)) > 0
    except BadFrames:
        right = False
    assert (check_frames("Frames", typed) == "") is right


def test_frames_name_no_more_than_a_farm_takes() -> None:
    assert "1,000,000" in check_frames("Frames", "1-2000000")


@pytest.mark.parametrize(
    ("kind", "right", "wrong"),
    [
        ("int", 3, 3.5),
        ("float", 3, "3"),
        ("bool", False, 0),
        ("str", "a", 1),
        ("list", ["a"], "a"),
        ("frames", "1-3", "1..3"),
    ],
)
def test_a_value_fits_its_kind(kind: str, right: Any, wrong: Any) -> None:
    field = Field("a", kind, "A")
    assert check(field, right) == ""
    assert check(field, wrong)
