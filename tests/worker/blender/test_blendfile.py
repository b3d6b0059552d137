"""The version of a .blend is read without Blender, however the file is stored."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
import zstandard
from flamenco_worker.blendfile import check_readable, series
from flamenco_worker.errors import CommandFailed

OLD, NEW = b"BLENDER-v304REND" + bytes(100), b"BLENDER17-01v0500REND" + bytes(100)


@pytest.mark.parametrize(("content", "expected"), [(OLD, (3, 4)), (NEW, (5, 0))])
@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstandard.compress])
def test_a_version_is_read_plain_and_compressed(
    tmp_path: Path, content: bytes, expected: tuple[int, int], pack
) -> None:
    file = tmp_path / "a.blend"
    file.write_bytes(pack(content))
    assert series(file) == expected
    check_readable(file, (*expected, 1))
    check_readable(file, (9, 9, 9))
    with pytest.raises(CommandFailed, match="cannot read files of newer ones"):
        check_readable(file, (2, 93, 0))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"BLEN",
        b"hello, I am something else",
        gzip.compress(OLD, mtime=0)[:15],
        zstandard.compress(NEW)[:9],
        gzip.compress(b"x", mtime=0),
    ],
)
def test_what_is_no_blend_is_named(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "a.blend"
    file.write_bytes(content)
    with pytest.raises(CommandFailed, match=r"a\.blend"):
        series(file)
    with pytest.raises(CommandFailed, match="not there"):
        series(tmp_path / "b.blend")
