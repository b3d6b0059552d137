"""A file that did not change is not read again; one that changed always is."""

from __future__ import annotations

import json
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flamenco_client.errors import Canceled, LocalFault
from flamenco_client.hashing import Hashes, sha256_of
from flamenco_client.pack import PackedFile, hashed
from flamenco_client.progress import Progress
from server_parts import sha

OLD = 1_700_000_000


def old_file(path: Path, data: bytes, at: int = OLD) -> Path:
    """A file that has not changed for long."""
    path.write_bytes(data)
    os.utime(path, (at, at))
    return path


def test_a_hash_is_that_of_the_bytes(tmp_path: Path, hashes: Hashes) -> None:
    data = os.urandom(3_000_000)
    counted: list[int] = []
    assert hashes.of(old_file(tmp_path / "a", data), counted.append) == sha(data)
    assert sum(counted) == len(data)
    assert sha256_of(old_file(tmp_path / "empty", b"")) == sha(b"")


def test_what_is_known_is_not_read_again_not_even_by_another_process(tmp_path: Path, hashes: Hashes) -> None:
    file = old_file(tmp_path / "a", b"first")
    hashes.of(file)
    hashes.save()
    old_file(file, b"other")  # the same size and time: what only a reader would notice
    assert Hashes(tmp_path / "cache").of(file) == sha(b"first")


@pytest.mark.parametrize(("data", "at"), [(b"longer", OLD), (b"other", OLD + 1)])
def test_another_size_or_time_is_read_again(tmp_path: Path, hashes: Hashes, data: bytes, at: int) -> None:
    file = old_file(tmp_path / "a", b"first")
    hashes.of(file)
    old_file(file, data, at)
    assert hashes.of(file) == sha(data)


def test_a_file_that_has_just_changed_is_not_trusted(tmp_path: Path, hashes: Hashes) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"first")
    found = file.stat()
    hashes.of(file)
    file.write_bytes(b"other")
    os.utime(file, ns=(found.st_atime_ns, found.st_mtime_ns))
    assert hashes.of(file) == sha(b"other")


@pytest.mark.parametrize("junk", [b"", b"{", b"[1, 2]", b"\xff\xfe", b"{}"])
def test_a_broken_cache_costs_time_only(tmp_path: Path, junk: bytes) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache/hashes.json").write_bytes(junk)
    hashes = Hashes(tmp_path / "cache")
    assert hashes.of(old_file(tmp_path / "a", b"x")) == sha(b"x")
    hashes.save()
    assert str(tmp_path / "a") in json.loads((tmp_path / "cache/hashes.json").read_text())


@pytest.mark.parametrize("entry", [5, None, [], [1], ["x"], {"a": 1}])
def test_a_strange_entry_in_the_cache_is_no_entry(tmp_path: Path, entry: object) -> None:
    file = old_file(tmp_path / "a", b"x")
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache/hashes.json").write_text(json.dumps({str(file): entry}))
    assert Hashes(tmp_path / "cache").of(file) == sha(b"x")


def test_a_cache_that_cannot_be_written_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("in the way")
    hashes = Hashes(tmp_path / "cache")
    hashes.of(old_file(tmp_path / "a", b"x"))
    hashes.save()
    assert (tmp_path / "cache").read_text() == "in the way"


def test_many_threads_share_a_cache(tmp_path: Path, hashes: Hashes) -> None:
    files = [old_file(tmp_path / str(number), b"%d" % number) for number in range(60)]
    start = threading.Barrier(6)

    def work(_: int) -> list[str]:
        start.wait()
        return [hashes.of(file) for file in files]

    with ThreadPoolExecutor(6) as pool:
        assert all(found == [sha(b"%d" % number) for number in range(60)] for found in pool.map(work, range(6)))


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, hashes: Hashes) -> None:
    with pytest.raises(LocalFault, match=r"gone cannot be read: No such file"):
        hashes.of(tmp_path / "gone")
    with pytest.raises(LocalFault, match="cannot be read"):
        sha256_of(tmp_path)


def test_progress_is_told_in_bytes_and_hashing_can_be_canceled(tmp_path: Path, hashes: Hashes) -> None:
    files = [PackedFile(str(n), old_file(tmp_path / str(n), b"x" * 100), 100) for n in range(9)]
    told: list[tuple[str, int, int]] = []
    found = hashed(files, hashes, Progress(lambda *all_: told.append(all_)))
    assert {file.sha256 for file in found} == {sha(b"x" * 100)}
    assert told[0] == ("hash", 0, 900)
    assert max(done for _, done, _ in told) == 900
    with pytest.raises(Canceled):
        hashed(files, Hashes(tmp_path / "other"), Progress(canceled=lambda: True))
