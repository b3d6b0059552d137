"""Files over HTTP."""

from __future__ import annotations

import errno
import io
import zipfile

import pytest
from flamenco_server.modules.files import store as store_module
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from server_parts import Farm, sha, tar_of

DATA = bytes(range(250)) * 40
URL = f"/api/files/{sha(DATA)}"


def left_over(farm: Farm) -> list[str]:
    return [path.name for path in farm.files.store.staging.iterdir()]


def put(farm: Farm, data: bytes) -> str:
    assert farm.by("artist")("PUT", f"/api/files/{sha(data)}", data=data).status_code in (200, 201)
    return sha(data)


def test_a_file_is_missing_until_it_is_put(farm: Farm) -> None:
    artist = farm.by("artist")
    asked = {"sha256": [sha(DATA), sha(b"other")]}
    assert artist("POST", "/api/files/missing", json=asked).json == asked
    assert artist("PUT", URL, data=DATA).status_code == 201
    assert artist("POST", "/api/files/missing", json=asked).json == {"sha256": [sha(b"other")]}
    assert artist("PUT", URL, data=DATA).status_code == 200
    answer = farm.by("viewer")("GET", URL)
    assert answer.data == DATA
    assert answer.headers["ETag"] == f'"{sha(DATA)}"'
    assert "immutable" in answer.headers["Cache-Control"]


@pytest.mark.parametrize(
    ("who", "method", "path", "status"),
    [
        ("nobody", "GET", URL, 401),
        ("nobody", "PUT", URL, 401),
        ("viewer", "PUT", URL, 403),
        ("viewer", "POST", "/api/files/archive", 403),
        ("viewer", "PATCH", f"/api/uploads/{sha(DATA)}", 403),
        ("viewer", "GET", URL, 404),
        ("manager", "GET", URL, 404),
        ("manager", "PUT", URL, 201),
        ("artist", "PUT", URL, 201),
    ],
)
def test_only_those_who_may_put_and_get(farm: Farm, who: str, method: str, path: str, status: int) -> None:
    assert farm.by(who)(method, path, data=DATA if method == "PUT" else None).status_code == status


def test_wrong_bytes_are_a_422_and_leave_nothing(farm: Farm) -> None:
    answer = farm.by("artist")("PUT", URL, data=b"not these")
    assert answer.status_code == 422
    assert answer.content_type == "application/problem+json"
    assert left_over(farm) == []
    assert farm.by("artist")("GET", URL).status_code == 404


@pytest.mark.parametrize("method", ["PUT", "chunked", "archive", "upload"])
def test_too_much_is_a_413_in_words_and_leaves_nothing(farm: Farm, method: str) -> None:
    artist, big = farm.by("artist"), b"x" * (4 * 1024 * 1024 + 1)
    if method == "PUT":
        answer = artist("PUT", f"/api/files/{sha(big)}", data=big)
    elif method == "chunked":
        answer = artist(
            "PUT",
            f"/api/files/{sha(big)}",
            input_stream=io.BytesIO(big),
            environ_overrides={"wsgi.input_terminated": 1},
        )
    elif method == "archive":
        answer = artist("POST", "/api/files/archive", data=tar_of({sha(big): big}))
    else:
        headers = {"Upload-Offset": "0", "Upload-Length": str(len(big))}
        answer = artist("PATCH", f"/api/uploads/{sha(big)}", data=b"x", headers=headers)
    assert answer.status_code == 413
    assert answer.content_type == "application/problem+json"
    assert "4194304" in answer.json["detail"]
    assert left_over(farm) == []


@pytest.mark.parametrize("way", ["put", "archive"])
def test_a_full_disk_is_a_507_in_one_sentence(farm: Farm, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(store_module, "flush_to_disk", full)
    if way == "put":
        answer = farm.by("artist")("PUT", URL, data=DATA)
    else:
        answer = farm.by("artist")("POST", "/api/files/archive", data=tar_of({sha(DATA): DATA}))
    assert answer.status_code == 507
    assert answer.json["detail"] == "the disk where the server keeps its files is full"
    assert left_over(farm) == []


@pytest.mark.parametrize("name", ["x", "A" * 64, "..%2f..%2fetc%2fpasswd", "0" * 65])
def test_a_name_that_is_no_hash_is_refused(farm: Farm, name: str) -> None:
    assert farm.by("artist")("PUT", f"/api/files/{name}", data=b"").status_code in (404, 422)
    assert farm.by("artist")("GET", f"/api/files/{name}").status_code in (404, 422)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(start=st.integers(0, len(DATA) + 50), length=st.integers(1, len(DATA) + 50), tail=st.booleans())
def test_a_range_gives_those_bytes_or_a_416(farm: Farm, start: int, length: int, tail: bool) -> None:
    put(farm, DATA)
    value = f"bytes=-{length}" if tail else f"bytes={start}-{start + length - 1}"
    wanted = DATA[-length:] if tail else DATA[start : start + length]
    answer = farm.by("viewer")("GET", URL, headers={"Range": value})
    if not wanted:
        assert answer.status_code == 416
        assert answer.headers["Content-Range"] == f"bytes */{len(DATA)}"
        return
    first = DATA.__len__() - len(wanted) if tail else start
    assert answer.status_code == 206
    assert answer.data == wanted
    assert answer.headers["Content-Range"] == f"bytes {first}-{first + len(wanted) - 1}/{len(DATA)}"


@pytest.mark.parametrize("value", ["bytes=0-1,4-5", "lines=1-2", "bytes=5-2", "nonsense"])
def test_a_range_that_is_not_understood_gives_the_whole(farm: Farm, value: str) -> None:
    put(farm, DATA)
    answer = farm.by("viewer")("GET", URL, headers={"Range": value})
    assert (answer.status_code, answer.data) == (200, DATA)


def test_a_range_of_other_bytes_gives_the_whole(farm: Farm) -> None:
    put(farm, DATA)
    headers = {"Range": "bytes=0-1", "If-Range": '"something else"'}
    assert farm.by("viewer")("GET", URL, headers=headers).status_code == 200
    headers["If-Range"] = f'"{sha(DATA)}"'
    assert farm.by("viewer")("GET", URL, headers=headers).status_code == 206


def test_who_has_the_file_gets_a_304_and_head_gives_the_size(farm: Farm) -> None:
    put(farm, DATA)
    assert farm.by("viewer")("GET", URL, headers={"If-None-Match": f'"{sha(DATA)}"'}).status_code == 304
    answer = farm.by("viewer")("HEAD", URL)
    assert (answer.status_code, answer.data, answer.content_length) == (200, b"", len(DATA))


def test_an_archive_of_many_small_files_is_stored_in_one_go(farm: Farm) -> None:
    blobs = {sha(f"{number}".encode()): f"{number}".encode() for number in range(1200)}
    answer = farm.by("artist")("POST", "/api/files/archive", data=tar_of(blobs))
    assert sorted(answer.json["sha256"]) == sorted(blobs)
    assert farm.by("artist")("POST", "/api/files/missing", json={"sha256": list(blobs)}).json == {"sha256": []}
    assert left_over(farm) == []


@pytest.mark.parametrize("what", ["cut", "wrong hash", "wrong name", "junk", "folder"])
def test_a_bad_archive_is_a_422_and_leaves_no_rubbish(farm: Farm, what: str) -> None:
    good = tar_of({sha(b"one"): b"one", sha(DATA): DATA})
    body = {
        "cut": good[:2000],
        "wrong hash": tar_of({sha(b"one"): b"two"}),
        "wrong name": tar_of({"../../etc/passwd": b"root"}),
        "junk": b"junk" * 500,
        "folder": b"",
    }[what]
    answer = farm.by("artist")("POST", "/api/files/archive", data=body)
    assert answer.status_code == 422
    assert len(answer.json["detail"].splitlines()) == 1
    assert left_over(farm) == []


def test_a_zip_has_every_file_by_its_hash_and_tells_its_length(farm: Farm) -> None:
    blobs = {put(farm, data): data for data in (b"", b"one", DATA)}
    answer = farm.by("manager")("POST", "/api/files/zip", json={"sha256": [*blobs, *blobs]})
    assert answer.content_length == len(answer.data)
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == blobs
        assert {entry.compress_type for entry in archive.infolist()} == {zipfile.ZIP_STORED}


def test_a_zip_of_a_file_that_is_not_there_is_a_404_that_names_it(farm: Farm) -> None:
    answer = farm.by("manager")("POST", "/api/files/zip", json={"sha256": [put(farm, DATA), sha(b"gone")]})
    assert answer.status_code == 404
    assert sha(b"gone") in answer.json["detail"]


def test_an_upload_goes_on_where_it_broke(farm: Farm) -> None:
    artist, url = farm.by("artist"), f"/api/uploads/{sha(DATA)}"

    def send(offset: int, data: bytes) -> tuple[int, str]:
        headers = {"Upload-Offset": str(offset), "Upload-Length": str(len(DATA))}
        answer = artist("PATCH", url, data=data, headers=headers)
        return answer.status_code, answer.headers.get("Upload-Offset", "")

    assert artist("HEAD", url).headers["Upload-Offset"] == "0"
    assert send(0, DATA[:4000]) == (204, "4000")
    assert send(10, DATA[10:]) == (409, "4000")
    assert artist("HEAD", url).headers["Upload-Offset"] == "4000"
    assert send(4000, DATA[4000:]) == (201, str(len(DATA)))
    assert artist("GET", URL).data == DATA
    assert artist("HEAD", url).headers["Upload-Length"] == str(len(DATA))
    assert left_over(farm) == []


def test_an_upload_with_wrong_bytes_is_a_422_and_begins_anew(farm: Farm) -> None:
    artist, url = farm.by("artist"), f"/api/uploads/{sha(DATA)}"
    headers = {"Upload-Offset": "0", "Upload-Length": "4"}
    assert artist("PATCH", url, data=b"evil", headers=headers).status_code == 422
    assert artist("HEAD", url).headers["Upload-Offset"] == "0"
    assert left_over(farm) == []


@pytest.mark.parametrize("name", ["Upload-Offset", "Upload-Length"])
def test_an_upload_must_say_where_it_goes_on_and_how_long_it_is(farm: Farm, name: str) -> None:
    headers = {"Upload-Offset": "0", "Upload-Length": "10"}
    headers[name] = "-1"
    answer = farm.by("artist")("PATCH", f"/api/uploads/{sha(DATA)}", data=b"x", headers=headers)
    assert answer.status_code == 422
    assert answer.json["field"] == name


def test_a_file_from_an_artist_never_runs_as_a_page_of_ours(farm: Farm) -> None:
    put(farm, b"<script>alert(1)</script>")
    answer = farm.by("viewer")("GET", f"/api/files/{sha(b'<script>alert(1)</script>')}")
    assert answer.content_type == "application/octet-stream"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]


def test_bytes_that_the_store_lost_can_be_sent_again(farm: Farm) -> None:
    farm.files.store.delete([put(farm, DATA)])
    assert farm.by("viewer")("GET", URL).status_code == 404
    assert farm.by("artist")("PUT", URL, data=DATA).status_code == 200
    assert farm.by("viewer")("GET", URL).data == DATA
