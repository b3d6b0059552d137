"""The blob store, on a folder and on an S3 server."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from flamenco_server.errors import DiskFull, Invalid, TooLarge
from flamenco_server.modules.files import store as module
from flamenco_server.modules.files.errors import HashMismatch, StoreUnavailable, UnknownFile
from flamenco_server.modules.files.store import BlobStore, open_store
from hypothesis import given, settings
from hypothesis import strategies as st
from server_parts import sha


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    server = pytest.importorskip("moto.server").ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    requests.put(f"{endpoint}/farm", timeout=10).raise_for_status()
    yield endpoint
    server.stop()


@pytest.fixture(params=["folder", pytest.param("s3", marks=pytest.mark.real)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> BlobStore:
    if request.param == "folder":
        return open_store(str(tmp_path / "files"), tmp_path / "unused")
    options = {"endpoint": request.getfixturevalue("s3"), "access_key_id": "a", "secret_access_key": "b"}
    return open_store(f"s3://farm/{sha(str(tmp_path).encode())[:8]}", tmp_path / "staging", options)


def staging(store: BlobStore) -> list[str]:
    return [path.name for path in store.staging.iterdir()]


def put(store: BlobStore, data: bytes) -> str:
    staged = store.stage(sha(data), [data])
    store.publish(staged)
    staged.discard()
    return staged.sha256


def test_what_is_put_can_be_read_listed_and_deleted(store: BlobStore) -> None:
    data = b"frame" * 1000
    name = put(store, data)
    assert store.has(name)
    assert b"".join(store.read(name)) == data
    assert [(blob.sha256, blob.size) for blob in store.list()] == [(name, len(data))]
    store.delete([name, sha(b"never there")])
    assert not store.has(name)
    assert list(store.list()) == []
    assert staging(store) == []


def test_an_empty_file_is_a_file(store: BlobStore) -> None:
    assert b"".join(store.read(put(store, b""))) == b""


def test_any_range_gives_just_those_bytes(store: BlobStore) -> None:
    data = bytes(range(256)) * 20
    name = put(store, data)
    for start, stop in [(0, 1), (0, len(data)), (5, 5), (4096, 5000), (len(data) - 1, len(data))]:
        assert b"".join(store.read(name, start, stop)) == data[start:stop]
    assert b"".join(store.read(name, 100)) == data[100:]


def test_a_file_that_is_not_there_is_said_before_a_byte_is_sent(store: BlobStore) -> None:
    with pytest.raises(UnknownFile):
        store.read(sha(b"nobody"))


def test_bytes_with_another_hash_leave_nothing(store: BlobStore) -> None:
    with pytest.raises(HashMismatch, match="not " + sha(b"good")):
        store.stage(sha(b"good"), [b"bad"])
    assert staging(store) == []
    assert not store.has(sha(b"good"))


def test_too_many_bytes_stop_early_and_leave_nothing(store: BlobStore) -> None:
    def endless() -> Iterator[bytes]:
        while True:
            yield b"x" * 1000

    with pytest.raises(TooLarge):
        store.stage(sha(b"x"), endless(), limit=10_000)
    assert staging(store) == []


def test_a_full_disk_is_said_and_leaves_nothing(store: BlobStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(module, "flush_to_disk", full)
    with pytest.raises(DiskFull, match="full"):
        store.stage(sha(b"data"), [b"data"])
    assert staging(store) == []


def test_a_broken_link_leaves_nothing(store: BlobStore) -> None:
    def broken() -> Iterator[bytes]:
        yield b"some"
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        store.stage(sha(b"some more"), broken())
    assert staging(store) == []


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "A" * 64, "0" * 63, "0" * 64 + "\n"])
def test_a_name_that_is_no_hash_never_reaches_the_store(store: BlobStore, name: str) -> None:
    with pytest.raises(Invalid):
        store.read(name)


def test_a_folder_keeps_no_second_copy_while_it_publishes(tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "files"), tmp_path / "unused")
    staged = store.stage(sha(b"data"), [b"data"])
    inode = staged.path.stat().st_ino
    store.publish(staged)
    (blob,) = [path for path in (tmp_path / "files").rglob(sha(b"data"))]
    assert blob.stat().st_ino == inode


@pytest.mark.real
def test_a_store_that_does_not_answer_is_an_error_of_ours(tmp_path: Path) -> None:
    store = open_store("s3://farm/x", tmp_path, {"endpoint": "http://127.0.0.1:9", "access_key_id": "a",
                                                  "secret_access_key": "b"})  # fmt: skip
    with pytest.raises(StoreUnavailable):
        store.has(sha(b"x"))


@settings(max_examples=50, deadline=None)
@given(pieces=st.lists(st.binary(max_size=2000), max_size=8), cut=st.tuples(st.integers(0, 9000), st.integers(0, 9000)))
def test_however_the_bytes_are_cut_they_come_back(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[bytes], cut: tuple[int, int]
) -> None:
    folder = tmp_path_factory.mktemp("store")
    store, data = open_store(str(folder), folder), b"".join(pieces)
    store.publish(store.stage(sha(data), pieces))
    start, stop = sorted(min(end, len(data)) for end in cut)
    assert b"".join(store.read(sha(data), start, stop)) == data[start:stop]
