"""Where the values of a configuration come from; what cannot be used is one sentence."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest
from flamenco_common.configuring import BadFile, configured, from_toml, text_of


def test_what_stands_in_the_files(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_text("port = 1\n")
    assert from_toml(file) == {"port": 1}
    assert text_of(file, "secret") == "port = 1"


@pytest.mark.parametrize(
    ("data", "says"),
    [(None, "cannot be read: No such file"), (b"\xff", "cannot be read: it is no text"), (b"port =", "not valid TOML")],
)
def test_a_file_that_cannot_be_used(tmp_path: Path, data: bytes | None, says: str) -> None:
    file = tmp_path / "a"
    if data is not None:
        file.write_bytes(data)
    with pytest.raises(BadFile, match=f"the configuration file {file} .*{says}"):
        from_toml(file)


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part's configuration."""

    folder: Path
    port: int = 1
    names: list[str] = []
    table: dict[str, str] = {}


def test_flags_win_over_the_environment_that_over_the_file_and_that_over_the_defaults(tmp_path: Path) -> None:
    file = tmp_path / "part.toml"
    file.write_text('port = 2\nnames = ["file"]\n', encoding="utf-8")
    environment = {"FLAMENCO_PART_PORT": "3", "FLAMENCO_PART_NAMES": "a, b,", "FLAMENCO_PART_TABLE": '{"x": "y"}'}
    made = configured(Part, "part", file, environment, {"port": None, "names": ()}, folder="~/here")
    assert made == Part(folder=Path.home() / "here", port=3, names=["a", "b"], table={"x": "y"})
    assert configured(Part, "part", file, environment, {"port": 4}, folder="/").port == 4
    assert configured(Part, "part", file, {}, {}, folder="/").names == ["file"]


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"FLAMENCO_PART_PORT": "x"}, "the part's configuration is not valid: Expected `int`, got `str` - at `port`"),
        ({"FLAMENCO_PART_TABLE": "x"}, "FLAMENCO_PART_TABLE is not a JSON object: "),
    ],
)
def test_a_bad_value_is_one_sentence(environment: dict[str, str], sentence: str) -> None:
    with pytest.raises(BadFile, match=re.escape(sentence)):
        configured(Part, "part", None, environment, {}, folder="/")
