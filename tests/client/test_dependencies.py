"""Every kind of file that a real Blender finds is in the pack, and is found from there by that Blender."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path

import pytest
from client_files import staged
from flamenco_client.hashing import Hashes
from flamenco_client.pack import Pack, pack
from scenes import BLENDERS, run_python

pytestmark = pytest.mark.real

BUILDER = Path(__file__).resolve().parents[1] / "support" / "dependency_builder.py"
PROJECT = "project ü [1]"
# Files on disk that no .blend needs, and folders of other .blend files' simulations.
# Tokens stand for many files; of a sequence the first need not be there; the ocean was never baked.
NOT_THERE = ("<UDIM>.png", "<UVTILE>.png", "middle_0001_left.png", "/ocean")
OCEAN = {"caches/ocean/disp_0001.exr", "caches/ocean/foam_0001.exr"}
UNUSED = {"pictures/middle_extra_left.png", "shots/blendcache_every kind/unrelated.txt"}


@cache
def built(version: str) -> Path:
    """The project of one Blender; see `dependency_builder`."""
    folder = Path(tempfile.mkdtemp(prefix=f"flamenco-dependencies-{version}-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    run_python(version, BUILDER, str(folder))
    return folder / PROJECT


@pytest.fixture(params=BLENDERS)
def version(request: pytest.FixtureRequest) -> str:
    """One of the Blenders."""
    return str(request.param)


def on_disk(root: Path, *without: str) -> set[str]:
    """All that the builder made, but .blend files, and what begins with one of `without`."""
    files = {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}
    notes = {path for path in files if path.endswith(".blend1") or path.removesuffix(".json") + ".blend" in files}
    return {path for path in files - notes - UNUSED if not path.endswith(".blend") and not path.startswith(without)}


def paths(packed: Pack) -> set[str]:
    """The pack's paths, but those of .blend files."""
    return {file.path for file in packed.files if not file.path.endswith(".blend")}


def blends(packed: Pack) -> set[str]:
    """The .blend files' paths."""
    return {file.path for file in packed.files if file.path.endswith(".blend")}


def listed_by_blender(blend: Path, root: Path) -> set[str]:
    """The files that Blender lists for a .blend, and that are there; a folder stands for the files in it."""
    listed = [Path(os.path.normpath(path)) for path in json.loads(blend.with_suffix(".json").read_text()) if path]
    found = [file for path in listed for file in (path.rglob("*") if path.is_dir() and path != Path() else [path])]
    return {file.relative_to(root).as_posix() for file in found if file.is_file()}


def all_found(version: str, *opened: Path) -> None:
    """Assert that a Blender finds all that it lists when it opens the files."""
    said = run_python(version, BUILDER, "check", *map(str, opened))
    (line,) = [line for line in said.splitlines() if line.startswith("CHECKED ")]
    found = json.loads(line.removeprefix("CHECKED "))
    for path in opened:
        assert [each for each in found[str(path)] if each and not each.endswith(NOT_THERE)] == []


def test_every_kind_of_file_comes_along(version: str, hashes: Hashes) -> None:
    root = built(version)
    blend = root / "shots/every kind.blend"
    with pack(blend, root, hashes=hashes) as packed:
        # Blender's own list says nothing of the rest of a sequence, nor of what a simulation left on disk.
        assert listed_by_blender(blend, root) - OCEAN <= paths(packed)
        assert paths(packed) == on_disk(
            root, "caches/ocean", "bakes/packed", "shots/blendcache_absolute", "shots/blendcache_shot"
        )
        assert blends(packed) == {"shots/every kind.blend"}
        assert packed.missing == []
        assert all(file.source == root / file.path for file in packed.files), "nothing is rewritten"


def test_what_a_library_of_a_library_uses_comes_along(version: str, hashes: Hashes, tmp_path: Path) -> None:
    root = built(version)
    blend = root / "shots/shot.blend"
    with pack(blend, root, hashes=hashes) as packed:
        own = "shots/blendcache_every kind/free"  # a cache that belongs to whichever file is open
        strips = ("edit/one.png", "edit/first.png", "edit/zweites.png", "edit/le", "shots/beside.png")  # of its scene
        assert paths(packed) == on_disk(root, "caches/ocean", "bakes/packed", "shots/blendcache_absolute", own, *strips)
        assert listed_by_blender(blend, root) - OCEAN <= paths(packed) | blends(packed)
        assert blends(packed) == {"shots/shot.blend", "libraries/middle.blend", "shots/every kind.blend"}
        changed = {file.path for file in packed.files if file.source != root / file.path}
        assert "libraries/middle.blend" in changed, "it names its own library by an absolute path"
        assert "shots/every kind.blend" not in changed
        staged(packed, tmp_path / "a" / "tree")
    with pack(root / "shots/absolute.blend", root, hashes=hashes) as packed:
        assert paths(packed) == on_disk(
            root, "caches/ocean", "bakes/packed", "shots/blendcache_every kind", "shots/blendcache_shot"
        )
        assert not any(file.path.startswith("_outside_project") for file in packed.files)
        (main,) = [file for file in packed.files if file.path == packed.blend]
        assert main.source.read_bytes().startswith(b"\x28\xb5\x2f\xfd"), "a compressed file stays one"
        staged(packed, tmp_path / "b" / "tree")
    hidden = root.rename(root.with_name("hidden"))
    try:
        all_found(version, tmp_path / "a/tree/shots/shot.blend", tmp_path / "b/tree/shots/absolute.blend")
    finally:
        hidden.rename(root)


def test_of_a_library_only_what_is_used_comes_along(version: str, hashes: Hashes) -> None:
    root = built(version)
    with pack(root / "shots/one.blend", root, hashes=hashes) as packed:
        assert paths(packed) == {"pictures/single #1 ä.png"}
        assert blends(packed) == {"shots/one.blend", "shots/every kind.blend"}


def test_a_file_outside_of_the_project_has_room_for_its_longer_path(
    version: str, hashes: Hashes, tmp_path: Path
) -> None:
    root = built(version)
    with pack(root / "shots/absolute.blend", root / "shots", hashes=hashes) as packed:
        assert packed.blend == "absolute.blend"
        outside = {path for path in paths(packed) if path.startswith(f"_outside_project{root.as_posix()}/")}
        inside = {"beside.png", *(path for path in paths(packed) if path.startswith("blendcache_absolute/"))}
        assert paths(packed) == outside | inside
        assert len(inside) == 7
        staged(packed, tmp_path / "tree")
    hidden = root.rename(root.with_name("hidden"))
    try:
        all_found(version, tmp_path / "tree/absolute.blend")
    finally:
        hidden.rename(root)


def test_paths_of_another_platform_are_missing_and_no_fault(version: str, hashes: Hashes) -> None:
    with pack(built(version) / "shots/foreign.blend", allow_missing=True, hashes=hashes) as packed:
        assert packed.missing == ["C:/textures/wood.png", r"\\server/share/wood.png"]


def test_linked_data_that_is_packed_finds_its_pictures(hashes: Hashes, tmp_path: Path) -> None:
    root = built("5.0")
    library, blend = root / "shots/every kind.blend", root / "packed/deep/packed.blend"
    with pack(blend, root, hashes=hashes) as packed:
        assert paths(packed) == {"pictures/single #1 ä.png"}
        assert blends(packed) == {packed.blend, "shots/every kind.blend"}
        staged(packed, tmp_path / "tree")
    away = library.rename(library.with_suffix(".away"))
    try:
        with pack(blend, root, hashes=hashes) as packed:
            assert paths(packed) == {"pictures/single #1 ä.png"}
            assert packed.missing == [], "nothing is linked from it any more"
    finally:
        away.rename(library)
    hidden = root.rename(root.with_name("hidden"))
    try:
        all_found("5.0", tmp_path / "tree/packed/deep/packed.blend")
    finally:
        hidden.rename(root)
