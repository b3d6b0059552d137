"""Which files belong to a sequence, and how paths of network shares are read: without Blender."""

from __future__ import annotations

import pytest
from blender_asset_tracer.bpathlib import BlendPath
from flamenco_client.tracing import mend, pattern_of

mend()


@pytest.mark.parametrize(
    ("name", "belong", "others"),
    [
        ("a_0001.png", ["a_0001.png", "a_0999.png", "a_12345.png", "a_-0001.png"], ["a_001.png", "ab_0001.png", "a_0001.exr"]),
        ("a_0001_left.png", ["a_0002_left.png"], ["a_0002_right.png", "a_extra_left.png"]),
        ("0001.png", ["0002.png"], ["a0002.png", "2.png"]),
        ("v2.shot.7", ["v2.shot.7"], ["v3.shot.7x"]),
        ("v2.7.exr", ["v2.8.exr", "v2.18.exr"], ["v3.7.exr"]),
        ("a[1]_01.png", ["a[1]_02.png"], ["a1_02.png"]),
        ("t.<UDIM>.png", ["t.1001.png"], ["t.101.png", "t.1001.exr", "t.x.png"]),
        ("t.<UVTILE>.png", ["t.u1_v12.png"], ["t.1001.png"]),
    ],
)  # fmt: skip
def test_a_sequence_is_what_differs_in_its_last_number(name: str, belong: list[str], others: list[str]) -> None:
    pattern = pattern_of(name)
    assert pattern is not None
    assert [each for each in belong if not pattern.fullmatch(each)] == []
    assert [each for each in others if pattern.fullmatch(each)] == []


def test_a_name_without_a_number_stands_for_itself() -> None:
    assert pattern_of("wood.png") is None
    assert pattern_of("wood") is None


@pytest.mark.parametrize(
    ("path", "read", "absolute", "relative"),
    [
        (rb"\\server\share\a.png", rb"\\server/share/a.png", True, False),
        (b"//textures\\a.png", b"//textures/a.png", False, True),
        (rb"C:\a.png", b"C:/a.png", True, False),
        (b"/a/b.png", b"/a/b.png", True, False),
        (b"a.png", b"a.png", False, False),
    ],
)
def test_a_network_path_is_not_relative_to_the_file(path: bytes, read: bytes, absolute: bool, relative: bool) -> None:
    found = BlendPath(path)  # type: ignore[no-untyped-call]
    assert bytes(found) == read
    assert (found.is_absolute(), found.is_blendfile_relative()) == (absolute, relative)
