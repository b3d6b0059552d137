"""A step's template and a task's parameters give concrete commands."""

from __future__ import annotations

from typing import Any

import pytest
from flamenco_common.commands import BlenderRender, CopyFiles, FileSet, SampleRange, Tile
from flamenco_common.templates import BadTemplate, fill, replace_variable
from hypothesis import given
from hypothesis import strategies as st

RENDER = {
    "command": "blender.render",
    "blend": "{job}/a {b}/shot.blend",
    "frames": {"$task": "frames"},
    "output": "{output}/frames/{layer}/####",
}
VARIABLES = {"job": "/w/job", "output": "/w/out", "blender": "/opt/blender", "share": "P:\\x"}


def test_parameters_and_variables_are_filled() -> None:
    (command,) = fill([RENDER], {"frames": "1-3"}, VARIABLES)
    assert command == BlenderRender(
        blend="/w/job/a {b}/shot.blend", frames="1-3", output="/w/out/frames/{layer}/####", blender="/opt/blender"
    )


def test_a_parameter_may_be_a_document_or_a_path_with_a_variable() -> None:
    tile = {"x0": 0, "x1": 4, "y0": 0, "y1": 4, "width": 8, "height": 8}
    template = {**RENDER, "output": {"$task": "where"}, "tile": {"$task": "tile"}, "samples": {"$task": "part"}}
    params = {"frames": "1", "where": "{output}/x", "tile": tile, "part": {"offset": 0, "count": 1, "total": 2}}
    (command,) = fill([template], params, VARIABLES)
    assert isinstance(command, BlenderRender)
    assert (command.output, command.tile, command.samples) == ("/w/out/x", Tile(0, 0, 4, 4, 8, 8), SampleRange(0, 1, 2))


def test_lists_are_filled_too() -> None:
    template = [
        {"command": "files.copy", "inputs": {"paths": ["{job}/a", "{share}\\b", "c{job}"]}, "target": "{output}"}
    ]
    assert fill(template, {}, VARIABLES) == [
        CopyFiles(inputs=FileSet(paths=["/w/job/a", "P:\\x\\b", "c{job}"]), target="/w/out")
    ]


def test_a_value_of_a_parameter_is_not_a_placeholder_itself() -> None:
    with pytest.raises(BadTemplate, match="'secret', which its tasks do not have"):
        fill([RENDER], {"frames": {"$task": "secret"}, "secret": "1"}, VARIABLES)


@pytest.mark.parametrize(
    ("change", "params", "says"),
    [
        ({}, {}, "the task parameter 'frames', which its tasks do not have"),
        ({"command": "blender.dance"}, {"frames": "1"}, "no valid commands"),
        ({"output": 5}, {"frames": "1"}, "no valid commands: Expected `str`, got `int`"),
        ({}, {"frames": 5}, "no valid commands"),
        ({"tile": {"x0": 1}}, {"frames": "1"}, "missing required field"),
    ],
)
def test_what_gives_no_commands_is_one_sentence(change: dict[str, Any], params: dict[str, Any], says: str) -> None:
    with pytest.raises(BadTemplate, match=says) as caught:
        fill([{**RENDER, **change}], params, VARIABLES)
    assert "\n" not in str(caught.value)


@given(st.text(max_size=30))
def test_text_without_a_known_variable_in_front_stays(text: str) -> None:
    if text.startswith(tuple(f"{{{name}}}" for name in VARIABLES)):
        text = "x" + text
    assert replace_variable(text, VARIABLES) == text


@given(st.sampled_from(sorted(VARIABLES)), st.text(max_size=30))
def test_only_the_beginning_is_replaced(name: str, rest: str) -> None:
    assert replace_variable(f"{{{name}}}{rest}", VARIABLES) == VARIABLES[name] + rest
