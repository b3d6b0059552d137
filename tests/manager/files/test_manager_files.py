"""Files: kept by hash, fetched once, bounded, and sent on."""

from __future__ import annotations

import io
import os
import threading
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flamenco_common.documents import Assignment, TaskFile
from flamenco_manager.errors import DiskFull, Invalid, NotFound, TooLarge, Unreachable
from flamenco_manager.files import fetching
from flamenco_manager.files.cache import FileCache, WrongBytes
from flamenco_manager.serving import heard
from manager_parts import sha
from played_server import Played, PlayedWorker, update
from processes import until

A, B = b"the first file", b"the second one"


@pytest.fixture
def job(manager: Played) -> tuple[Played, PlayedWorker, Assignment]:
    """A task that needs two files."""
    manager.server.files = {sha(A): A, sha(B): B}
    manager.server.manifest = [TaskFile("a", sha(A), len(A)), TaskFile("b/c", sha(B), len(B))]
    manager.server.add_task()
    worker = manager.worker()
    return manager, worker, worker.work()


def unzipped(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert all(entry.compress_type == zipfile.ZIP_STORED for entry in archive.infolist())
        return {name: archive.read(name) for name in archive.namelist()}


def test_a_task_s_files_come_as_one_stored_stream_fetched_once(job: tuple[Played, PlayedWorker, Assignment]) -> None:
    manager, worker, task = job
    listed = worker("GET", f"/tasks/{task.task_id}/files").json["files"]
    assert [file["path"] for file in listed] == ["a", "b/c"]
    for _ in range(2):
        answer = worker("POST", f"/tasks/zip/{task.task_id}", json={"sha256": [sha(A), sha(B)]})
        assert unzipped(answer.data) == {sha(A): A, sha(B): B}
        assert int(answer.headers["Content-Length"]) == len(answer.data)
    assert manager.server.fetched == [[sha(A), sha(B)]]


def test_only_the_task_s_own_worker_and_only_its_files(job: tuple[Played, PlayedWorker, Assignment]) -> None:
    manager, worker, task = job
    other = manager.worker("other")
    assert other("GET", f"/tasks/{task.task_id}/files").status_code == 404
    assert other("POST", f"/tasks/zip/{task.task_id}", json={"sha256": []}).status_code == 404
    assert worker("POST", f"/tasks/zip/{task.task_id}", json={"sha256": [sha(b"x")]}).status_code == 404


def test_a_file_that_the_server_lacks_is_told_before_the_stream_begins(
    job: tuple[Played, PlayedWorker, Assignment],
) -> None:
    manager, worker, task = job
    del manager.server.files[sha(B)]
    answer = worker("POST", f"/tasks/zip/{task.task_id}", json={"sha256": [sha(A), sha(B)]})
    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")
    manager.server.away = True
    answer = worker("POST", f"/tasks/zip/{task.task_id}", json={"sha256": [sha(A), sha(B)]})
    assert answer.status_code == 503


@pytest.mark.parametrize("large", [False, True])
def test_a_file_and_a_range_of_it(
    job: tuple[Played, PlayedWorker, Assignment], large: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager, worker, task = job
    if not large:
        worker("POST", f"/tasks/zip/{task.task_id}", json={"sha256": [sha(A)]})
    answer = worker("GET", f"/files/{sha(A)}", headers={"Range": "bytes=4-"})
    assert (answer.status_code, answer.data) == (206, A[4:])
    assert answer.headers["Content-Range"] == f"bytes 4-{len(A) - 1}/{len(A)}"
    until(lambda: manager.site.cache.has(sha(A)), 5, "the file is here")
    assert worker("GET", f"/files/{sha(A)}").data == A
    assert worker("GET", f"/files/{sha(A)}", headers={"Range": "bytes=99-"}).status_code == 416
    assert worker("GET", f"/files/{sha(b'unknown')}").status_code == 404
    assert worker("GET", "/files/not-a-hash").status_code == 422


def test_a_broken_fetch_goes_on_where_it_broke(job: tuple[Played, PlayedWorker, Assignment]) -> None:
    manager, worker, _ = job
    (manager.site.cache.incoming / f"{sha(A)}.part").write_bytes(A[:5])
    assert worker("GET", f"/files/{sha(A)}").data == A
    until(lambda: manager.site.cache.has(sha(A)), 5, "the file is here")
    assert manager.site.cache.path(sha(A)).read_bytes() == A


def test_what_broke_off_long_ago_does_not_stay(manager: Played) -> None:
    incoming = manager.site.cache.incoming
    for name, at in (("fresh.part", time.time()), ("old.part", 1.6e9), ("half.new", time.time())):
        (incoming / name).write_bytes(b"x")
        os.utime(incoming / name, (at, at))
    manager.restart()
    assert [file.name for file in incoming.iterdir()] == ["fresh.part"]


def test_damaged_bytes_are_never_kept(job: tuple[Played, PlayedWorker, Assignment]) -> None:
    manager, worker, task = job
    manager.server.files[sha(A)] = b"not the first!"
    answer = worker("POST", f"/tasks/zip/{task.task_id}", json={"sha256": [sha(A)]})
    assert answer.status_code == 503
    worker("GET", f"/files/{sha(A)}")
    until(lambda: not manager.site.fetcher._flights, 5, "the fetch is over")
    assert not manager.site.cache.has(sha(A))


def test_a_damaged_file_that_goes_while_it_is_read_is_an_error_of_ours(manager: Played) -> None:
    flight = fetching.Flight()
    flight.advance(len(A), len(A))
    with pytest.raises(Unreachable, match="damaged"):
        list(manager.site.fetcher.bytes_of(sha(A), flight, 0, len(A)))


def test_a_file_is_fetched_once_however_many_ask(job: tuple[Played, PlayedWorker, Assignment]) -> None:
    manager, _, _ = job
    fetcher = manager.site.fetcher
    gate, entered = threading.Event(), threading.Event()
    real = manager.server.files_zip

    def slow(hashes: list[str]) -> object:
        entered.set()
        assert gate.wait(10)
        return real(hashes)

    manager.server.files_zip = slow  # type: ignore[assignment, method-assign]
    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(fetcher.ensure, {sha(A): len(A)})
        assert entered.wait(10)
        others = [pool.submit(fetcher.ensure, {sha(A): len(A)}) for _ in range(7)]
        gate.set()
        for call in [first, *others]:
            call.result(10)
    assert manager.server.fetched == [[sha(A)]]


def test_many_files_come_in_streams_of_bounded_length(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "_BATCH_BYTES", 100)
    monkeypatch.setattr(fetching, "_BATCH_FILES", 3)
    sizes = {str(number): size for number, size in enumerate([60, 60, 10, 10, 10, 10, 500])}
    assert list(fetching.batches(sizes)) == [["0"], ["1", "2", "3"], ["4", "5"], ["6"]]


def test_what_workers_send_is_checked_kept_and_sent_on(manager: Played) -> None:
    worker = manager.worker()
    assert worker("POST", "/files/missing", json={"sha256": [sha(A), sha(B)]}).json == {"sha256": [sha(A), sha(B)]}
    assert worker("PUT", f"/files/{sha(A)}", data=A).status_code == 201
    assert manager.server.files == {sha(A): A}
    answer = worker("PUT", f"/files/{sha(B)}", data=A)
    assert (answer.status_code, answer.json["field"]) == (422, "sha256")
    assert worker("POST", "/files/missing", json={"sha256": [sha(A), sha(B)]}).json == {"sha256": [sha(B)]}
    assert worker("POST", "/files/missing", json={"sha256": ["../../etc"]}).status_code == 422
    assert list(manager.site.cache.incoming.iterdir()) == []


def test_what_was_sent_while_the_server_was_away_stays_until_it_has_it(tmp_path: Path) -> None:
    manager = Played(tmp_path, cache_bytes=20)
    worker = manager.worker()
    manager.server.away = True
    for data in (A, B, b"x" * 30):
        assert worker("PUT", f"/files/{sha(data)}", data=data).status_code == 201
    manager.restart()
    assert worker("POST", "/files/missing", json={"sha256": [sha(A), sha(B)]}).json == {"sha256": []}
    manager.server.away = False
    manager.deliver()
    assert set(manager.server.files) == {sha(A), sha(B), sha(b"x" * 30)}
    assert manager.site.pins.all() == {}
    worker("PUT", f"/files/{sha(b'y')}", data=b"y")
    assert worker("POST", "/files/missing", json={"sha256": [sha(A)]}).json == {"sha256": [sha(A)]}
    manager.database.close()


def test_the_least_recently_used_go_first_and_what_is_in_use_stays(tmp_path: Path) -> None:
    import os

    cache = FileCache(tmp_path, 100, lambda sha256: sha256 == sha(b"p" * 30))
    names = {}
    for age, letter in enumerate(b"pabc"):
        data = bytes([letter]) * 30
        with cache.using([sha(bytes([other]) * 30) for other in b"abc"]):
            cache.put(sha(data), [data])
        names[chr(letter)] = sha(data)
        os.utime(cache.path(sha(data)), (1000 + age, 1000 + age))
    assert cache.has(names["a"])  # and now it is the newest
    with cache.using([names["b"]]):
        cache.put(sha(b"d" * 30), [b"d" * 30])
    left = {letter for letter, sha256 in names.items() if cache.path(sha256).exists()}
    assert left == {"p", "b"} or left == {"p", "b", "a"}
    assert "c" not in left
    assert FileCache(tmp_path, 100, lambda _: False)._used == cache._used


def test_bounds_and_full_disks_leave_nothing_behind(tmp_path: Path) -> None:
    cache = FileCache(tmp_path, 1000, lambda _: False)
    with pytest.raises(TooLarge, match="more than the 5 bytes"):
        cache.put(sha(A), [A[:3], A[3:]], most=5)
    with pytest.raises(WrongBytes):
        cache.put(sha(A), [B])

    def full() -> object:
        yield b"x"
        raise OSError(28, "No space left on device")

    with pytest.raises(DiskFull):
        cache.put(sha(A), full())  # type: ignore[arg-type]
    with pytest.raises(Invalid):
        cache.path("../x")
    with pytest.raises(NotFound):
        cache.size(sha(A))
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_manifest_without_outputs_is_asked_for_once_and_others_for_each_run(manager: Played) -> None:
    manager.server.manifest = [TaskFile("a", sha(A), len(A))]
    tasks = [manager.server.add_task() for _ in range(2)]
    for task in tasks:
        manager.site.manifests.of(task)
        manager.site.manifests.of(task)
    assert manager.server.manifests_asked == 1
    manager.server.manifest = [TaskFile("a.png", sha(A), len(A), root="output", step="render")]
    later = [manager.server.add_task(step="encode") for _ in range(2)]
    for task in later:
        manager.site.manifests.of(task)
        manager.site.manifests.of(task)
    assert manager.server.manifests_asked == 3


def test_a_worker_that_waits_for_files_counts_as_living(job: tuple[Played, PlayedWorker, Assignment]) -> None:
    manager, worker, task = job
    member = manager.site.fleet.get(worker.id)
    assert member is not None
    real = manager.server.files_zip

    def slow(hashes: list[str]) -> object:
        manager.pass_time(300)
        return real(hashes)

    manager.server.files_zip = slow  # type: ignore[assignment, method-assign]
    assert worker("POST", f"/tasks/zip/{task.task_id}", json={"sha256": [sha(A)]}).status_code == 200
    assert member.last_seen == manager.ticks.now


def test_bytes_that_come_in_are_a_sign_of_life(manager: Played) -> None:
    manager.server.add_task()
    worker = manager.worker()
    task = worker.work()
    worker.report(update(task, 1))
    for _ in range(30):
        manager.pass_time(10)
        heard(manager.site, f"Bearer {worker.token}")
        heard(manager.site, "Bearer nobody")
        manager.site.watch.look()
    assert worker.report(update(task, 2))[0].accepted
