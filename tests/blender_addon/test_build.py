"""The builder of the add-on's packages: what goes in, and that the same sources give the same bytes."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import build
import pytest

try:
    import tomllib
except ImportError:
    import tomli as tomllib

BLENDERS = Path(sys.prefix) / "blenders"
PURE = {"blender_asset_tracer": "1.23", "requests": "2.34"}


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a wheel of each locked package, small ones of our own; pip is not asked."""
    folder = tmp_path / "cache"
    folder.mkdir()
    locks = {"PURE_LOCK": [], "PLATFORM_LOCK": []}  # type: dict[str, list[str]]
    for name, version in PURE.items():
        sha256 = wheel(folder, name, version, "py3-none-any", f"{name}/__init__.py")
        locks["PURE_LOCK"].append(f"{name.replace('_', '-')}=={version} \\\n    --hash=sha256:{sha256}\n")
    hashes = []
    for target in {*build.EXTENSION_TARGETS, *build.LEGACY_TARGETS}:
        inside = (f"zstandard/backend_c.{target.tag}-{target.platform}.so", "zstandard/_cffi.so", "zstandard/x.pyi")
        hashes.append(wheel(folder, "zstandard", "0.25.0", f"{target.tag}-{target.tag}-{target.platform}", *inside))
    lines = [f"    --hash=sha256:{sha256}" for sha256 in hashes]
    locks["PLATFORM_LOCK"].append(" \\\n".join(["zstandard==0.25.0", *lines]) + "\n")
    for name, entries in locks.items():
        lock = tmp_path / f"{name}.lock"
        lock.write_text("".join(entries), encoding="utf-8")
        monkeypatch.setattr(build, name, lock)
    monkeypatch.setattr(build, "download", lambda *_: pytest.fail("pip was asked for a wheel that is there"))
    return folder


def wheel(folder: Path, name: str, version: str, tags: str, *inside: str) -> str:
    """Write a wheel; its hash."""
    info = f"{name}-{version}.dist-info"
    path = folder / f"{name}-{version}-{tags}.whl"
    path.write_bytes(
        build.pack({**{each: each.encode() for each in inside}, f"{info}/RECORD": b"", f"{info}/LICENSE": b"L"})
    )
    return hashlib.sha256(path.read_bytes()).hexdigest()


def names(path: Path) -> list[str]:
    with zipfile.ZipFile(path) as archive:
        return archive.namelist()


def test_the_same_sources_give_the_same_bytes(cache: Path, tmp_path: Path) -> None:
    first, second = build.build(tmp_path / "one", cache), build.build(tmp_path / "two", cache)
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    assert [path.name for path in first] == [
        f"flamenco_addon-{build.extension_version(build.project_version())}.zip",
        f"flamenco_addon-legacy-{build.extension_version(build.project_version())}.zip",
    ]


def test_older_packages_make_room_and_other_files_stay(cache: Path, tmp_path: Path) -> None:
    old, other = tmp_path / "flamenco_addon-legacy-3.9.0.zip", tmp_path / "notes.txt"
    old.write_bytes(b"")
    other.write_bytes(b"")
    made = build.build(tmp_path, cache)
    assert {*tmp_path.glob("*.zip"), *tmp_path.glob("*.txt")} == {*made, other}


def test_the_extension_has_its_wheels_and_names_each_of_them(cache: Path, tmp_path: Path) -> None:
    extension, _ = build.build(tmp_path, cache)
    with zipfile.ZipFile(extension) as archive:
        manifest = tomllib.loads(archive.read("blender_manifest.toml").decode())
        inside = archive.namelist()
        assert b"GNU GENERAL PUBLIC LICENSE" in archive.read("LICENSE")
    shipped = {name for name in inside if name.startswith("wheels/")}
    assert {name.removeprefix("./") for name in manifest["wheels"]} == shipped
    assert len(shipped) == len(PURE) + len(build.EXTENSION_TARGETS) + 1
    assert manifest["permissions"].keys() == {"network", "files"}
    assert {"__init__.py", "core/__init__.py", "libraries.py"} <= set(inside)
    check_nothing_private(inside)


def test_the_legacy_package_is_a_folder_with_its_libraries_unpacked(cache: Path, tmp_path: Path) -> None:
    _, legacy = build.build(tmp_path, cache)
    inside = names(legacy)
    # Blender takes away what it had of the add-on only if the folder itself is an entry.
    assert inside[0] == "flamenco_addon/"
    assert all(name.startswith("flamenco_addon/") for name in inside)
    assert "flamenco_addon/blender_manifest.toml" not in inside
    vendored = {name.removeprefix("flamenco_addon/vendored/") for name in inside if "/vendored/" in name}
    assert {"flamenco_client/pack.py", "requests/__init__.py", "requests-2.34.dist-info/LICENSE"} <= vendored
    native = {name for name in vendored if name.startswith("zstandard/")}
    assert native == {f"zstandard/backend_c.{each.tag}-{each.platform}.so" for each in build.LEGACY_TARGETS}
    check_nothing_private(inside)


def check_nothing_private(inside: list[str]) -> None:
    """No byte code, no address of a farm, nothing twice."""
    assert len(set(inside)) == len(inside)
    assert not [name for name in inside if "__pycache__" in name or name.endswith((".pyc", "farm.json", "/RECORD"))]


def test_a_wheel_that_was_changed_is_not_taken(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (changed,) = cache.glob("requests-*")
    changed.write_bytes(changed.read_bytes() + b" ")
    asked = []
    monkeypatch.setattr(build, "download", lambda *which: asked.append(which))
    with pytest.raises(build.BadBuild, match="requests"):
        build.build(tmp_path / "to", cache)
    assert len(asked) == 1
    assert not (tmp_path / "to").exists()


def test_without_a_network_the_first_build_ends_with_one_sentence(tmp_path: Path) -> None:
    command = [sys.executable, str(build.ROOT / "blender_addon" / "build.py"), "--cache", str(tmp_path / "cache")]
    done = subprocess.run(
        [*command, "--to", str(tmp_path / "to")],
        env={**os.environ, "PIP_NO_INDEX": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("build.py: the wheels of addon.lock could not be fetched: ")
    assert len(done.stderr.splitlines()) == 1


def test_a_lock_without_hashes_is_refused(tmp_path: Path) -> None:
    lock = tmp_path / "addon.lock"
    lock.write_text("requests==2.34.2\n", encoding="utf-8")
    with pytest.raises(build.BadBuild, match="hashes"):
        build.read_lock(lock)


def test_a_wheel_of_the_client_is_whole_and_its_version_tells_its_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, content = build.client_wheel("4.0.0")
    assert (name, content) == build.client_wheel("4.0.0")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        (record,) = [each for each in archive.namelist() if each.endswith(".dist-info/RECORD")]
        listed = {row[0]: row[1:] for row in csv.reader(io.StringIO(archive.read(record).decode()))}
        assert set(listed) == set(archive.namelist())
        for path, (digest, size) in listed.items():
            if path != record:
                data = archive.read(path)
                hashed = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
                assert (digest, size) == (f"sha256={hashed}", str(len(data)))
    client = tmp_path / "flamenco_client"
    client.mkdir()
    (client / "__init__.py").write_text("CHANGED = True\n")
    monkeypatch.setattr(build, "CLIENT", client)
    assert build.client_wheel("4.0.0")[0] != name


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [("4.0.0", "4.0.0"), ("4.1.2rc3", "4.1.2-rc.3"), ("4.0.0.dev0", "4.0.0-dev.0"), ("10.0.1b2", "10.0.1-b.2")],
)
def test_versions_are_written_as_the_extensions_platform_wants_them(ours: str, theirs: str) -> None:
    assert build.extension_version(ours) == theirs


@pytest.mark.parametrize("version", ["4.0", "4.0.0+local", "1!4.0.0", "latest"])
def test_a_version_that_it_cannot_have_is_refused(version: str) -> None:
    with pytest.raises(build.BadBuild, match="version"):
        build.extension_version(version)


def test_a_manifest_of_another_version_is_not_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (build.SOURCE / "blender_manifest.toml").read_text().replace('version = "4.', 'version = "3.')
    (tmp_path / "blender_manifest.toml").write_text(text)
    monkeypatch.setattr(build, "SOURCE", tmp_path)
    with pytest.raises(build.BadBuild, match="has version 3"):
        build.build(tmp_path / "to")


def test_all_say_the_same_version_and_licence() -> None:
    import flamenco_addon

    manifest = tomllib.loads((build.SOURCE / "blender_manifest.toml").read_text())
    assert ".".join(map(str, flamenco_addon.bl_info["version"])) == manifest["version"].partition("-")[0]
    assert manifest["license"] == ["SPDX:GPL-3.0-or-later"]
    project = tomllib.loads((build.ROOT / "pyproject.toml").read_text())["project"]
    assert project["license"] == "GPL-3.0-or-later"


# ---- with the real wheels, and Blender's own checks ----


@pytest.mark.real
@pytest.mark.parametrize("series", ["4.2", "4.5", "5.0"])
def test_blender_itself_finds_the_extension_valid(series: str, tmp_path: Path) -> None:
    from addon_blender import packages

    scripts = BLENDERS / series / "bpy" / series / "scripts"
    tool = scripts / "addons_core" / "bl_pkg" / "cli" / "blender_ext.py"
    tags = scripts / "modules" / "_bpy_internal" / "extensions" / "tags.py"
    extension, _ = packages()
    said = run_tool(tool, "validate", str(extension), "--valid-tags", str(tags))
    assert "Success parsing TOML" in said
    with zipfile.ZipFile(extension) as archive:
        archive.extractall(tmp_path / "source")
    (tmp_path / "out").mkdir()
    run_tool(
        tool, "build", "--source-dir", str(tmp_path / "source"), "--output-dir", str(tmp_path / "out"), "--split-platforms",
        "--valid-tags", str(tags),
    )  # fmt: skip
    assert len(list((tmp_path / "out").glob("*.zip"))) == 4


def run_tool(tool: Path, *arguments: str) -> str:
    """What Blender's command line for extensions says; it must be content."""
    done = subprocess.run([sys.executable, str(tool), *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "rror" not in done.stdout + done.stderr
    return done.stdout
