"""Large files that come in pieces."""

from __future__ import annotations

import errno
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from flamenco_server.errors import DiskFull, TooLarge
from flamenco_server.modules.files import uploads as module
from flamenco_server.modules.files.errors import HashMismatch, UploadOffset
from flamenco_server.modules.files.store import open_store
from flamenco_server.modules.files.uploads import Uploads
from hypothesis import given, settings
from hypothesis import strategies as st
from server_parts import sha

DATA = bytes(range(256)) * 40
NAME = sha(DATA)


@pytest.fixture
def uploads(tmp_path: Path) -> Uploads:
    return Uploads(open_store(str(tmp_path), tmp_path), limit=1_000_000)


def test_a_file_in_three_pieces_is_whole(uploads: Uploads) -> None:
    assert uploads.offset(NAME) == 0
    assert uploads.append(NAME, 0, len(DATA), [DATA[:100]]) is None
    assert uploads.append(NAME, 100, len(DATA), [DATA[100:200], DATA[200:300]]) is None
    assert uploads.offset(NAME) == 300
    staged = uploads.append(NAME, 300, len(DATA), [DATA[300:]])
    assert staged is not None
    assert staged.path.read_bytes() == DATA
    assert uploads.offset(NAME) == 0


def test_what_came_before_the_link_broke_stays(uploads: Uploads) -> None:
    def broken() -> Iterator[bytes]:
        yield DATA[:1000]
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        uploads.append(NAME, 0, len(DATA), broken())
    assert uploads.offset(NAME) == 1000
    assert uploads.append(NAME, 1000, len(DATA), [DATA[1000:]]) is not None


@pytest.mark.parametrize("offset", [0, 99, 101, 5000])
def test_a_wrong_offset_is_refused_with_the_right_one(uploads: Uploads, offset: int) -> None:
    uploads.append(NAME, 0, len(DATA), [DATA[:100]])
    with pytest.raises(UploadOffset) as caught:
        uploads.append(NAME, offset, len(DATA), [DATA[offset:]])
    assert caught.value.offset == 100


def test_wrong_bytes_begin_anew(uploads: Uploads) -> None:
    with pytest.raises(HashMismatch):
        uploads.append(NAME, 0, len(DATA), [b"x" * len(DATA)])
    assert uploads.offset(NAME) == 0
    assert uploads.append(NAME, 0, len(DATA), [DATA]) is not None


def test_more_bytes_than_were_announced_are_refused(uploads: Uploads) -> None:
    with pytest.raises(TooLarge, match="more bytes came than Upload-Length says"):
        uploads.append(NAME, 0, 10, [DATA])
    with pytest.raises(TooLarge):
        uploads.append(NAME, 0, 2_000_000, [DATA])


def test_a_full_disk_leaves_nothing_partial(uploads: Uploads, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(module, "flush_to_disk", full)
    with pytest.raises(DiskFull):
        uploads.append(NAME, 0, len(DATA), [DATA])
    assert uploads.offset(NAME) == 0


def test_two_senders_at_once_cannot_mix_their_bytes(uploads: Uploads) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow() -> Iterator[bytes]:
        yield DATA[:50]
        begun.set()
        assert go_on.wait(10)
        yield DATA[50:]

    made: list[object] = []
    first = threading.Thread(target=lambda: made.append(uploads.append(NAME, 0, len(DATA), slow())))
    first.start()
    assert begun.wait(10)
    with pytest.raises(UploadOffset, match="somebody else"):
        uploads.append(NAME, uploads.offset(NAME), len(DATA), [b"evil"])
    go_on.set()
    first.join(10)
    assert len(made) == 1
    assert made[0] is not None


def test_no_lock_file_stays(uploads: Uploads, tmp_path: Path) -> None:
    uploads.append(NAME, 0, len(DATA), [DATA])
    assert not list(tmp_path.rglob("*.lock"))


@settings(max_examples=30, deadline=None)
@given(cuts=st.lists(st.integers(0, len(DATA)), max_size=6))
def test_any_way_to_cut_a_file_gives_the_file(tmp_path_factory: pytest.TempPathFactory, cuts: list[int]) -> None:
    folder = tmp_path_factory.mktemp("uploads")
    uploads = Uploads(open_store(str(folder), folder))
    ends = [*sorted(cuts), len(DATA)]
    staged, at = None, 0
    for end in ends:
        if staged is None:
            staged = uploads.append(NAME, at, len(DATA), [DATA[at:end]])
            at = end
    assert staged is not None
    assert staged.size == len(DATA)
