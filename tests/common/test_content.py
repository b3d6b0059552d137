"""Hashes of files, full disks, and texts that are cut."""

from __future__ import annotations

import errno
import hashlib
from pathlib import Path

from flamenco_common.content import is_disk_full, sha256_of, whole_characters
from hypothesis import given
from hypothesis import strategies as st


def test_the_hash_of_a_file_longer_than_a_block(tmp_path: Path) -> None:
    data = b"abc" * 1_000_000
    (tmp_path / "a").write_bytes(data)
    assert sha256_of(tmp_path / "a") == hashlib.sha256(data).hexdigest()


def test_a_full_disk_is_told_from_other_errors() -> None:
    assert [is_disk_full(OSError(number, "")) for number in (errno.ENOSPC, errno.EDQUOT, errno.EACCES)] == [
        True,
        True,
        False,
    ]


@given(st.text(max_size=40), st.integers(0, 200))
def test_a_text_is_cut_between_characters(text: str, most: int) -> None:
    data = text.encode()
    cut = whole_characters(data, most)
    assert text.startswith(cut.decode())
    assert len(cut) == len(data) if most >= len(data) else most - 4 < len(cut) <= most
