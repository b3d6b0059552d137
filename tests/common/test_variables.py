"""Variables by platform, and paths that are turned from one platform to another."""

from __future__ import annotations

import pytest
from flamenco_common.variables import Variable, from_config, one_way, translate
from hypothesis import given
from hypothesis import strategies as st

SHARE = Variable("share", {"linux": "/mnt/farm", "windows": "P:\\farm", "darwin": "/Volumes/farm"}, two_way=True)
CACHE = Variable("cache", {"linux": "/mnt/farm/cache", "windows": "Q:\\"}, two_way=True)
TOOL = Variable("tool", {"all": "tool", "windows": "tool.exe"})
UNC = Variable("unc", {"linux": "/net/host", "windows": "\\\\host\\share"}, two_way=True)


@pytest.mark.parametrize(
    ("path", "platform", "turned"),
    [
        ("/mnt/farm/a/b.blend", "windows", "P:\\farm/a/b.blend"),
        ("P:\\farm\\a\\b.blend", "linux", "/mnt/farm/a/b.blend"),
        ("p:/FARM/a/b.blend", "linux", "/mnt/farm/a/b.blend"),
        ("/mnt/farm/a", "darwin", "/Volumes/farm/a"),
        ("/Volumes/farm/a", "linux", "/mnt/farm/a"),
        ("/mnt/farm", "darwin", "/Volumes/farm"),
        ("/mnt/farming/a", "windows", "/mnt/farming/a"),
        ("/mnt/farm/cache/x", "windows", "Q:/x"),
        ("Q:\\x", "linux", "/mnt/farm/cache/x"),
        ("\\\\HOST\\share\\a", "linux", "/net/host/a"),
        ("/elsewhere/a", "windows", "/elsewhere/a"),
        ("tool/a", "windows", "tool/a"),
        ("/MNT/FARM/a", "windows", "/MNT/FARM/a"),
    ],
)
def test_paths_are_turned(path: str, platform: str, turned: str) -> None:
    assert translate(path, [SHARE, CACHE, TOOL, UNC], platform) == turned


@given(st.lists(st.text("abc. ü", min_size=1, max_size=6), max_size=4), st.sampled_from(["linux", "darwin"]))
def test_a_path_comes_back_from_any_platform(parts: list[str], platform: str) -> None:
    path = "/".join(["/mnt/farm", *parts])
    there = translate(path, [SHARE], platform)
    assert translate(there, [SHARE], "linux") == path
    through_windows = translate(path, [SHARE], "windows")
    assert translate(through_windows, [SHARE], "linux") == path


def test_a_variable_without_a_value_on_a_platform_turns_nothing() -> None:
    assert translate("/mnt/farm/cache/x", [CACHE], "darwin") == "/mnt/farm/cache/x"
    assert one_way([CACHE, TOOL], "darwin") == {"tool": "tool"}
    assert one_way([SHARE, TOOL], "windows") == {"share": "P:\\farm", "tool": "tool.exe"}


def test_variables_stand_in_a_configuration_file() -> None:
    table = {"share": {"linux": "/mnt/farm", "windows": "P:\\farm", "two_way": True}, "tool": {"all": "tool"}}
    found = from_config(table)
    assert found == [
        Variable("share", {"linux": "/mnt/farm", "windows": "P:\\farm"}, two_way=True),
        Variable("tool", {"all": "tool"}),
    ]
