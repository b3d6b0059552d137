"""A farm whose files are in an S3-compatible bucket."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from server_parts import Farm, make_farm, sha, tar_of

pytestmark = pytest.mark.real
BLOBS = {sha(b"%d" % number): b"%d" % number for number in range(40)}
BIG = bytes(range(256)) * 4096 * 12  # 12 MB: more than one part of a multipart upload


@pytest.fixture
def bucket_farm(tmp_path: Path) -> Iterator[Farm]:
    server = pytest.importorskip("moto.server").ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    requests.put(f"http://{host}:{port}/studio", timeout=10).raise_for_status()
    options = {"endpoint": f"http://{host}:{port}", "access_key_id": "a", "secret_access_key": "b"}
    farm = make_farm(tmp_path, files_url="s3://studio/farm", files_options=options)
    yield farm
    farm.database.close()
    server.stop()


def test_files_go_in_come_out_and_go_away(bucket_farm: Farm) -> None:
    artist = bucket_farm.by("artist")
    assert artist("POST", "/api/files/archive", data=tar_of(BLOBS)).status_code == 200
    assert artist("PUT", f"/api/files/{sha(BIG)}", data=BIG).status_code == 201
    assert artist("POST", "/api/files/missing", json={"sha256": [*BLOBS, sha(BIG)]}).json == {"sha256": []}
    part = artist("GET", f"/api/files/{sha(BIG)}", headers={"Range": "bytes=9000000-9000099"})
    assert part.data == BIG[9_000_000:9_000_100]
    answer = artist("POST", "/api/files/zip", json={"sha256": [*BLOBS]})
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == BLOBS
    assert list(bucket_farm.files.store.staging.iterdir()) == []
    kept = bucket_farm.job({"shot.blend": BIG})
    bucket_farm.clock.now += 3 * 86400
    assert bucket_farm.files.collector.collect().files == len(BLOBS)
    assert [blob.sha256 for blob in bucket_farm.files.store.list()] == [sha(BIG)]
    assert bucket_farm.by("admin")("DELETE", f"/api/jobs/{kept}").status_code in (200, 204)


def test_a_large_upload_in_pieces_reaches_the_bucket(bucket_farm: Farm) -> None:
    artist, half = bucket_farm.by("artist"), len(BIG) // 2
    for offset, status in ((0, 204), (half, 201)):
        headers = {"Upload-Offset": str(offset), "Upload-Length": str(len(BIG))}
        piece = BIG[offset : offset + half]
        assert artist("PATCH", f"/api/uploads/{sha(BIG)}", data=piece, headers=headers).status_code == status
    assert artist("GET", f"/api/files/{sha(BIG)}").data == BIG
