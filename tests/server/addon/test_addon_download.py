"""The Blender add-on for download: whole, with the server's address in it, and for who is signed in."""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from server_parts import Farm, make_farm

MANIFEST = """
schema_version = "1.0.0"
id = "flamenco_addon"
version = "4.1.0-rc.2"
name = "Flamenco"
type = "add-on"
wheels = ["./wheels/zstandard-1-cp311-cp311-win_amd64.whl", "./wheels/zstandard-1-cp313-cp313-win_amd64.whl"]
[permissions]
network = "Ask"
"""
BIG = os.urandom(700_000)  # more than one block of an answer


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Farm]:
    """A server that has both packages, and an older one of each."""
    folder = tmp_path / "packages"
    folder.mkdir()
    for version, age in (("4.1.0-rc.2", 0), ("4.0.0", 100)):
        for kind, below in (("", ""), ("legacy-", "flamenco_addon/")):
            path = folder / f"flamenco_addon-{kind}{version}.zip"
            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr(f"{below}__init__.py", f"# {version}")
                archive.writestr(f"{below}big.bin", BIG)
                archive.writestr(f"{below}blender_manifest.toml", MANIFEST)
            then = path.stat().st_mtime - age
            os.utime(path, (then, then))
    made = make_farm(tmp_path / "server", addon_dir=folder)
    yield made
    made.database.close()


def contents(data: bytes) -> dict[str, bytes]:
    """A zip's files; its checksums are right."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.parametrize(("kind", "below"), [("legacy", "flamenco_addon/"), ("extension", "")])
def test_a_download_is_the_newest_package_and_names_the_server_as_the_caller_reached_it(
    site: Farm, kind: str, below: str
) -> None:
    answer = site.by("viewer")("GET", f"/api/addon/{kind}.zip", base_url="http://farm.studio:8080")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/zip"
    assert answer.content_length == len(answer.data)
    assert "4.1.0-rc.2.zip" in answer.headers["Content-Disposition"]
    found = contents(answer.data)
    assert found[f"{below}__init__.py"] == b"# 4.1.0-rc.2"
    assert found[f"{below}big.bin"] == BIG
    assert json.loads(found[f"{below}farm.json"]) == {"address": "http://farm.studio:8080"}
    assert len(found) == 4


def test_a_configured_address_wins_over_the_one_that_was_asked(site: Farm, tmp_path: Path) -> None:
    made = make_farm(tmp_path / "other", addon_dir=site.config.addon_dir, public_url="https://farm.example/")
    found = contents(made.by("artist")("GET", "/api/addon/extension.zip").data)
    made.database.close()
    assert json.loads(found["farm.json"]) == {"address": "https://farm.example"}


def test_the_list_names_what_there_is(site: Farm) -> None:
    answer = site.by("viewer")("GET", "/api/addon", base_url="http://farm:1").json
    assert answer["address"] == "http://farm:1"
    assert [(each["kind"], each["version"], each["url"]) for each in answer["items"]] == [
        ("extension", "4.1.0-rc.2", "http://farm:1/api/addon/extension.zip"),
        ("legacy", "4.1.0-rc.2", "http://farm:1/api/addon/legacy.zip"),
    ]
    assert all(each["size"] > len(BIG) for each in answer["items"])


def test_the_index_lists_exactly_what_the_download_gives(site: Farm) -> None:
    viewer = site.by("viewer")
    (listed,) = viewer("GET", "/api/addon/index.json").json["data"]
    data = viewer("GET", "/api/addon/extension.zip").data
    assert listed["archive_size"] == len(data)
    assert listed["archive_hash"] == "sha256:" + hashlib.sha256(data).hexdigest()
    assert listed["archive_url"] == "./extension.zip"
    assert (listed["id"], listed["version"], listed["python_versions"]) == (
        "flamenco_addon", "4.1.0-rc.2", ["3.11", "3.13"],
    )  # fmt: skip
    assert "wheels" not in listed


@pytest.mark.parametrize("name", ["legacy.zip", "extension.zip", "index.json"])
def test_an_addon_that_was_not_built_is_said_so(tmp_path: Path, name: str) -> None:
    made = make_farm(tmp_path / "server", addon_dir=tmp_path / "nothing")
    viewer = made.by("viewer")
    answer = viewer("GET", f"/api/addon/{name}")
    assert viewer("GET", "/api/addon").json["items"] == []
    made.database.close()
    assert answer.status_code == 404
    assert "make addon" in answer.json["detail"]


@pytest.mark.parametrize("path", ["/api/addon", "/api/addon/legacy.zip", "/api/addon/extension.zip"])
def test_only_people_who_are_signed_in_get_it(site: Farm, path: str) -> None:
    assert site.by("nobody")("GET", path).status_code == 401
    assert site.by("manager")("GET", path).status_code == 403
