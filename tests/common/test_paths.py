"""Paths from outside stay inside."""

from __future__ import annotations

from pathlib import Path

import pytest
from flamenco_common.paths import BadPath, check_relative, join_inside
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    "path", ["a", "a/b.png", "a b/ü.blend", "shot.v2/0001.png", "_outside_project/x", "conrad/a", "a.con"]
)
def test_clean_paths(path: str, tmp_path: Path) -> None:
    assert check_relative(path) == path
    assert join_inside(tmp_path, path) == tmp_path / path


@pytest.mark.parametrize(
    "path",
    [
        "", "/", "/etc/passwd", "..", "../a", "a/../b", "a/..", "./a", "a//b", "a/", "a/./b", "C:/a", "c:a", "a\\b",
        "\\\\host\\share", "a\x00b", "con", "a/NUL.png", "lpt1/x", "~/../x/..",
    ],
)  # fmt: skip
def test_paths_that_leave_or_confuse(path: str, tmp_path: Path) -> None:
    with pytest.raises(BadPath) as caught:
        join_inside(tmp_path, path)
    assert "\n" not in str(caught.value)


def test_a_link_to_a_folder_outside_is_not_followed(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    (root / "way").symlink_to(outside)
    with pytest.raises(BadPath, match="through a link"):
        join_inside(root, "way/file")
    (root / "inner").mkdir()
    (root / "short").symlink_to(root / "inner")
    assert join_inside(root, "short/file") == root / "short/file"


@given(st.text(alphabet="ab./\\:~ ", min_size=1, max_size=12))
def test_whatever_is_let_through_is_below_the_root(path: str) -> None:
    root = Path("/nowhere/root")
    try:
        joined = join_inside(root, path)
    except BadPath:
        return
    assert joined.resolve().is_relative_to(root)
    assert joined != root
