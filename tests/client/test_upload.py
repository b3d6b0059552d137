"""Files reach a real server: only those that it lacks, over links that break."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from breaking_link import BreakingLink
from flamenco_client.api import Client
from flamenco_client.errors import Canceled, LocalFault, NotAllowed, Unreachable
from flamenco_client.hashing import Hashes
from flamenco_client.pack import PackedFile
from flamenco_client.progress import Progress
from flamenco_client.upload import SMALL, upload
from served_farm import Served
from server_parts import sha

uploading = sys.modules["flamenco_client.upload"]  # the package has a function of that name


@dataclass(frozen=True)
class File:
    """A file on this machine, and its hash."""

    source: Path
    sha256: str
    size: int


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken links are taken up again at once."""
    monkeypatch.setattr(uploading, "PAUSES", (0.0,))


def file_of(folder: Path, data: bytes) -> File:
    path = folder / sha(data)[:20]
    path.write_bytes(data)
    return File(path, sha(data), len(data))


def stored(served: Served, file: File) -> bytes:
    """What the server has under the file's hash."""
    answer = served.farm.by("artist")("GET", f"/api/files/{file.sha256}")
    assert answer.status_code == 200
    return answer.data


def small_files(folder: Path, count: int, size: int = 2000) -> list[File]:
    return [file_of(folder, os.urandom(size + number)) for number in range(count)]


def test_files_are_not_read_again_for_who_canceled(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploading, "ASK", 1)
    files = []
    for number in range(3):
        source = file_of(tmp_path, b"%d" % number).source
        os.utime(source, (1_700_000_000, 1_700_000_000))
        files.append(PackedFile(source.name, source, 1))
    progress = Progress(canceled=lambda: served.count("POST", "/files/missing") == 1)
    with pytest.raises(Canceled):
        uploading.send(served.client(), files, Hashes(tmp_path / "cache"), progress)
    assert Hashes(tmp_path / "cache").known(files[0].source) == sha(b"0")


def test_only_what_is_missing_is_sent_and_only_once(served: Served, tmp_path: Path) -> None:
    files = [*small_files(tmp_path, 20), file_of(tmp_path, b""), file_of(tmp_path, os.urandom(SMALL + 1))]
    client = served.client()
    assert upload(client, [*files, files[0]]) == 22
    assert all(stored(served, file) == file.source.read_bytes() for file in files)
    assert served.count("POST", "/files/archive") == 1
    assert upload(client, files) == 0
    more = file_of(tmp_path, b"one more")
    assert upload(client, [*files, more]) == 1
    assert served.count("POST", "/files/archive") == 2


def test_progress_tells_the_bytes_that_are_sent(served: Served, tmp_path: Path) -> None:
    files = [*small_files(tmp_path, 3), file_of(tmp_path, os.urandom(SMALL + 5))]
    told: list[tuple[str, int, int]] = []
    upload(served.client(), files, Progress(lambda *all_: told.append(all_)))
    total = sum(file.size for file in files)
    assert told[0] == ("upload", 0, total)
    assert told[-1] == ("upload", total, total)
    assert [done for _, done, _ in told] == sorted(done for _, done, _ in told)


def test_many_small_files_travel_in_few_archives(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploading, "ARCHIVE_FILES", 10)
    monkeypatch.setattr(uploading, "ASK", 7)
    files = small_files(tmp_path, 25, 10)
    assert upload(served.client(), files) == 25
    assert served.count("POST", "/files/archive") == 3
    assert served.count("POST", "/files/missing") == 4


def test_an_archive_that_breaks_is_sent_again_until_all_is_there(
    served: Served, link: BreakingLink, tmp_path: Path
) -> None:
    files = small_files(tmp_path, 30, 10_000)
    link.up = [100_000, 150_000]
    told: list[int] = []
    client = Client(link.address, served.farm.tokens["artist"])
    assert upload(client, files, Progress(lambda _what, done, _total: told.append(done))) == 30
    assert all(stored(served, file) == file.source.read_bytes() for file in files)
    assert told[-1] == sum(file.size for file in files)
    assert link.connections >= 3


def test_a_question_that_breaks_in_the_middle_is_asked_again(
    served: Served, link: BreakingLink, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploading, "ASK", 5)
    files = small_files(tmp_path, 15)
    link.up = [1200]  # one question, and a part of the next
    client = Client(link.address, served.farm.tokens["artist"], tries=1)
    assert upload(client, files) == 15
    assert served.count("POST", "/files/missing") == 3
    link.up = [100]
    with pytest.raises(Unreachable):  # a server that was never there is not waited for
        upload(Client(link.address, served.farm.tokens["artist"], tries=1), files)


def test_a_large_file_goes_on_where_the_link_broke(
    served: Served, link: BreakingLink, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploading, "PIECE", 2_000_000)
    file = file_of(tmp_path, os.urandom(9_000_000))
    link.up = [5_000_000, 3_000_000]
    told: list[int] = []
    client = Client(link.address, served.farm.tokens["artist"])
    assert upload(client, [file], Progress(lambda _what, done, _total: told.append(done))) == 1
    assert stored(served, file) == file.source.read_bytes()
    assert told[-1] == file.size
    assert link.sent < file.size + 2 * 2_000_000 + 100_000, "no more than the broken pieces is sent twice"


def test_another_client_takes_up_what_one_left(served: Served, link: BreakingLink, tmp_path: Path,
                                               monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.setattr(uploading, "PIECE", 1_000_000)
    file = file_of(tmp_path, os.urandom(6_000_000))
    done_by_first: list[int] = []
    canceled = Progress(
        lambda _what, done, _total: done_by_first.append(done),
        lambda: bool(done_by_first) and done_by_first[-1] > 3_500_000,
    )
    with pytest.raises(Canceled):
        upload(served.client(), [file], canceled)
    client = Client(link.address, served.farm.tokens["artist"])
    assert upload(client, [file]) == 1
    assert stored(served, file) == file.source.read_bytes()
    assert link.sent < 3_200_000


def test_a_server_that_stays_away_is_given_up_with_one_sentence(
    served: Served, link: BreakingLink, tmp_path: Path
) -> None:
    link.up = [400] + [2000] * 50
    client = Client(link.address, served.farm.tokens["artist"], tries=1)
    with pytest.raises(Unreachable, match=r"the server at .* does not answer \(the connection broke\)"):
        upload(client, [file_of(tmp_path, os.urandom(SMALL + 1))])


def test_a_file_that_shrinks_while_it_is_sent_is_named(served: Served, tmp_path: Path) -> None:
    for size in (1000, SMALL + 1000):
        file = file_of(tmp_path, os.urandom(size))
        file.source.write_bytes(b"short")
        with pytest.raises(LocalFault, match="changed while it was sent; submit again"):
            upload(served.client(), [file])
        assert served.client().missing([file.sha256]) == [file.sha256]


def test_a_file_that_is_gone_is_named(served: Served, tmp_path: Path) -> None:
    file = file_of(tmp_path, b"x")
    file.source.unlink()
    with pytest.raises(LocalFault, match="cannot be read: No such file"):
        upload(served.client(), [file])


def test_who_may_not_send_is_told(served: Served, tmp_path: Path) -> None:
    with pytest.raises(NotAllowed, match="viewer"):
        upload(served.client("viewer"), [file_of(tmp_path, b"x")])
