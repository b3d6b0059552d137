"""A file that did not change is not read again; one that changed always is."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flamenco_client import hashing
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


@pytest.mark.parametrize("junk", [b"", b"{", b"no database at all, but more than a page of it" * 500])
def test_a_broken_cache_costs_time_only(tmp_path: Path, junk: bytes) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache/hashes.sqlite").write_bytes(junk)
    file = old_file(tmp_path / "a", b"x")
    hashes = Hashes(tmp_path / "cache")
    assert hashes.of(file) == sha(b"x")
    hashes.save()
    old_file(file, b"y")
    assert Hashes(tmp_path / "cache").of(file) == sha(b"x"), "it is in use again"


@pytest.mark.parametrize(
    "damage", ["DROP TABLE hashes", "UPDATE hashes SET sha256 = 5", "UPDATE hashes SET size = 'x'"]
)
def test_strange_content_of_the_cache_is_none(tmp_path: Path, hashes: Hashes, damage: str) -> None:
    file = old_file(tmp_path / "a", b"x")
    hashes.of(file)
    hashes.save()
    with contextlib.closing(sqlite3.connect(tmp_path / "cache/hashes.sqlite", isolation_level=None)) as database:
        database.execute(damage)
    assert Hashes(tmp_path / "cache").of(file) == sha(b"x")


def test_a_damaged_page_costs_time_only(tmp_path: Path, hashes: Hashes) -> None:
    files = [old_file(tmp_path / f"{number:0200}", b"%d" % number) for number in range(300)]
    for file in files:
        hashes.of(file)
    hashes.save()
    cache = tmp_path / "cache/hashes.sqlite"
    whole = cache.read_bytes()
    cache.write_bytes(whole[:8192] + b"\xff" * 30_000 + whole[38_192:])
    again = Hashes(tmp_path / "cache")
    assert [again.of(file) for file in files] == [sha(b"%d" % number) for number in range(300)]
    again.save()


def test_it_is_not_opened_before_it_is_needed(tmp_path: Path) -> None:
    Hashes(tmp_path / "cache").save()
    assert not (tmp_path / "cache").exists()


def test_two_programs_write_at_once_and_nothing_is_lost(tmp_path: Path) -> None:
    files = [old_file(tmp_path / str(number), b"%d" % number) for number in range(400)]
    script = (
        "import sys; from pathlib import Path; from flamenco_client.hashing import Hashes\n"
        "for file in sys.argv[2:]:\n    hashes = Hashes(Path(sys.argv[1])); hashes.of(Path(file)); hashes.save()"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "cache")]
    programs = [subprocess.Popen([*command, *map(str, files[number::2])]) for number in range(2)]
    assert [program.wait(120) for program in programs] == [0, 0]
    for file in files:
        old_file(file, b"-" * file.stat().st_size)
    known = Hashes(tmp_path / "cache")
    assert [known.of(file) for file in files] == [sha(b"%d" % number) for number in range(400)]


def test_while_another_program_writes_it_is_done_without(
    tmp_path: Path, hashes: Hashes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hashing, "BUSY_SECONDS", 0.01)
    file = old_file(tmp_path / "a", b"first")
    hashes.of(file)
    hashes.save()
    old_file(file, b"other")
    with contextlib.closing(sqlite3.connect(tmp_path / "cache/hashes.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        busy = Hashes(tmp_path / "cache")
        assert busy.of(file) == sha(b"other"), "it is read"
        busy.save()
    assert Hashes(tmp_path / "cache").of(file) == sha(b"first")


def test_the_oldest_entries_go_first(tmp_path: Path, hashes: Hashes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashing, "MOST_ENTRIES", 3)
    files = [old_file(tmp_path / str(number), b"%d" % number) for number in range(6)]
    for file in files:
        hashes.of(file)
        hashes.save()
        old_file(file, b"x")
    known = Hashes(tmp_path / "cache")
    assert [known.of(file) == sha(b"x") for file in files] == [True] * 3 + [False] * 3


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
