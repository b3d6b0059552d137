"""A pack holds every file that a .blend uses, under paths that hold on any machine."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from client_files import BUILDER, staged
from flamenco_client.errors import BadBlend, Canceled, FilesMissing, LocalFault
from flamenco_client.hashing import Hashes
from flamenco_client.pack import Pack, add_files, pack, project_root
from flamenco_client.progress import Progress
from scenes import run_python
from server_parts import sha

pytestmark = pytest.mark.real

USED = {
    "shots/shot.blend", "libraries/character.blend", "libraries/materials.blend", "textures/skin.png",
    "textures/tiles.1001.png", "textures/tiles.1002.png", "plates/plate_0001.png", "plates/plate_0002.png",
    "plates/plate_0003.png", "sounds/tone.wav", "shots/title.png",
}  # fmt: skip


@pytest.fixture
def project(built: tuple[str, Path], tmp_path: Path) -> Path:
    """A copy of the project; `elsewhere` stays where it was built."""
    return Path(shutil.copytree(built[1] / "project", tmp_path / "project"))


def paths_of(packed: Pack) -> set[str]:
    """The pack's paths but the font's, whose name differs from Blender to Blender."""
    fonts = {file.path for file in packed.files if file.path.startswith("shots/fonts/")}
    assert len(fonts) == 1
    return {file.path for file in packed.files} - fonts


def plain(data: bytes) -> bytes:
    """A .blend file's bytes, decompressed: Blender 5.0 compresses by itself."""
    if data.startswith(b"BLENDER"):
        return data
    return (
        gzip.decompress(data)
        if data.startswith(b"\x1f\x8b")
        else zstandard.ZstdDecompressor().stream_reader(data).read()
    )


def opened(version: str, blend: Path) -> dict[str, object]:
    """What a real Blender finds missing when it opens the file."""
    said = run_python(version, BUILDER, "check", str(blend))
    (line,) = [line for line in said.splitlines() if line.startswith("CHECKED ")]
    found: dict[str, object] = json.loads(line.removeprefix("CHECKED "))
    return found


def test_libraries_of_libraries_tiles_sequences_sounds_and_fonts(project: Path, hashes: Hashes) -> None:
    with pack(project / "shots/shot.blend", project, hashes=hashes) as packed:
        assert packed.blend == "shots/shot.blend"
        assert paths_of(packed) == USED
        assert packed.missing == []
        assert all(file.sha256 == sha(file.source.read_bytes()) for file in packed.files)
        assert all(file.size == file.source.stat().st_size for file in packed.files)
        assert all(file.source.is_relative_to(project) for file in packed.files), "nothing is copied"
        assert packed.size == sum(file.size for file in packed.files)


def test_a_file_outside_of_the_project_comes_along_and_blender_finds_it(
    built: tuple[str, Path], project: Path, hashes: Hashes, tmp_path: Path
) -> None:
    version, folder = built
    away = (folder / "elsewhere").rename(folder / "away")  # so that only the packed copy can be found
    try:
        with pytest.raises(FilesMissing, match=r"outside\.png"):
            pack(project / "shots/outside.blend", project, hashes=hashes)
    finally:
        away.rename(folder / "elsewhere")
    with pack(project / "shots/outside.blend", project, hashes=hashes) as packed:
        outside = [path for path in paths_of(packed) if path.startswith("_outside_project/")]
        assert len(outside) == 1
        assert outside[0].endswith("/outside.png")
        assert paths_of(packed) - set(outside) - {"shots/outside.blend"} == USED - {"shots/shot.blend"}
        blend = staged(packed, tmp_path / "worker" / "tree")
        temporary = next(file.source for file in packed.files if file.path == packed.blend)
        assert not temporary.is_relative_to(project), "the artist's own file is not rewritten"
    assert not temporary.exists(), "the rewritten copy is gone when the pack is closed"
    away = (folder / "elsewhere").rename(folder / "away")
    hidden = project.rename(project.with_name("hidden"))
    try:
        found = opened(version, blend)
    finally:
        away.rename(folder / "elsewhere")
        hidden.rename(project)
    assert found["missing"] == []
    pictures = found["pictures"]
    assert isinstance(pictures, dict)
    assert {name: pictures[name] for name in ("skin.png", "outside.png")} == {"skin.png": [4, 4], "outside.png": [4, 4]}


def test_missing_files_are_named_all_unless_they_are_allowed(project: Path, hashes: Hashes) -> None:
    blend = project / "shots/missing.blend"
    # The copied project's own textures; those that the artist's file names lie in the built one.
    with pytest.raises(FilesMissing) as caught:
        pack(blend, project, hashes=hashes)
    assert [Path(path).name for path in caught.value.paths] == ["gone_a.png", "gone_b.png"]
    assert str(caught.value).startswith("missing.blend uses files that are missing: ")
    with pack(blend, project, allow_missing=True, hashes=hashes) as packed:
        assert [Path(path).name for path in packed.missing] == ["gone_a.png", "gone_b.png"]
        assert not any("gone" in file.path for file in packed.files)


def test_a_missing_library_is_named(project: Path, hashes: Hashes) -> None:
    (project / "libraries/materials.blend").unlink()
    with pytest.raises(FilesMissing, match=r"shot\.blend uses files that are missing: .*materials\.blend"):
        pack(project / "shots/shot.blend", project, hashes=hashes)


def test_a_damaged_library_is_named(project: Path, hashes: Hashes) -> None:
    library = project / "libraries/materials.blend"
    library.write_bytes(library.read_bytes()[:500])
    with pytest.raises(BadBlend, match=r"damaged|cannot be read") as caught:
        pack(project / "shots/shot.blend", project, hashes=hashes)
    assert "\n" not in str(caught.value)


def test_on_shared_storage_nothing_is_hashed_or_rewritten(project: Path) -> None:
    with pack(project / "shots/outside.blend", project, in_place=True) as packed:
        assert paths_of(packed) == (USED - {"shots/shot.blend"}) | {"shots/outside.blend"}
        assert all(file.source == project / file.path and not file.sha256 for file in packed.files)


def test_a_blend_outside_of_the_named_project_is_told(project: Path) -> None:
    with pytest.raises(BadBlend, match="does not lie in the project"):
        pack(project / "shots/shot.blend", project / "libraries")


def test_the_project_is_the_nearest_marked_folder(project: Path) -> None:
    blend = project / "shots/shot.blend"
    assert project_root(blend) == project / "shots"
    (project / ".blender_project").mkdir()
    assert project_root(blend) == project
    with pack(blend) as packed:
        assert paths_of(packed) == USED


def test_packing_can_be_canceled(project: Path, hashes: Hashes) -> None:
    asked: list[int] = []

    def canceled() -> bool:
        asked.append(1)
        return len(asked) > 3

    with pytest.raises(Canceled):
        pack(project / "shots/shot.blend", project, hashes=hashes, progress=Progress(canceled=canceled))


def test_more_files_can_be_sent_along(project: Path, hashes: Hashes, tmp_path: Path) -> None:
    voice = tmp_path / "voice.wav"
    voice.write_bytes(b"voice")
    with pack(project / "shots/shot.blend", project, hashes=hashes) as packed:
        add_files(packed, [voice, project / "sounds/tone.wav"], hashes=hashes)
        assert paths_of(packed) == USED | {"voice.wav"}
        with pytest.raises(LocalFault, match="there is no file"):
            add_files(packed, [tmp_path / "gone.wav"], hashes=hashes)
        with pytest.raises(LocalFault, match=r"does not lie in .*, which the workers share"):
            add_files(packed, [voice], in_place=True)
        (tmp_path / "other").mkdir()
        (tmp_path / "other/voice.wav").write_bytes(b"other")
        with pytest.raises(LocalFault, match=r"two files that would be voice\.wav"):
            add_files(packed, [tmp_path / "other/voice.wav"], hashes=hashes)


@pytest.mark.parametrize("compressed", [bytes, zstandard.compress, gzip.compress])
def test_a_copy_is_packed_as_if_it_lay_at_its_nominal_path(
    project: Path, hashes: Hashes, tmp_path: Path, compressed: Callable[[bytes], bytes]
) -> None:
    nominal, copy = project / "shots/shot.blend", tmp_path / "elsewhere" / "copy-1234.blend"
    copy.parent.mkdir()
    state = plain(nominal.rename(copy).read_bytes())
    copy.write_bytes(compressed(state))
    for older in (None, b"an older state"):
        if older:
            nominal.write_bytes(older)
        with pack(nominal, project, content=copy, hashes=hashes) as packed:
            assert (packed.root, packed.blend) == (project, "shots/shot.blend")
            assert paths_of(packed) == USED
            (main,) = [file for file in packed.files if file.path == packed.blend]
            assert (main.source, main.sha256) == (copy, sha(copy.read_bytes()))
    assert nominal.read_bytes() == b"an older state", "the artist's own file is not touched"


def test_a_copy_is_rewritten_and_the_file_itself_is_not(
    built: tuple[str, Path], project: Path, hashes: Hashes, tmp_path: Path
) -> None:
    nominal, copy = project / "shots/outside.blend", tmp_path / "copy.blend"
    nominal.rename(copy)
    before = copy.read_bytes()
    with pack(nominal, project, content=copy, hashes=hashes) as packed:
        (main,) = [file for file in packed.files if file.path == "shots/outside.blend"]
        assert main.source not in (copy, nominal)
        assert b"_outside_project" in plain(main.source.read_bytes())
    assert copy.read_bytes() == before
    assert not nominal.exists()


def test_on_shared_storage_only_what_is_saved_is_rendered(project: Path, tmp_path: Path) -> None:
    nominal, copy = project / "shots/shot.blend", tmp_path / "copy.blend"
    shutil.copyfile(nominal, copy)
    with pack(nominal, project, content=copy, in_place=True) as packed:
        assert paths_of(packed) == USED
        assert {file.source for file in packed.files if file.path == packed.blend} == {nominal}
    copy.write_bytes(nominal.read_bytes() + b"x")
    with pytest.raises(LocalFault, match=r"shot\.blend as it was saved; save it first"):
        pack(nominal, project, content=copy, in_place=True)


def test_a_damaged_copy_is_told(project: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.blend"
    copy.write_bytes(b"BLENDER-v500")
    with pytest.raises(BadBlend):
        pack(project / "shots/shot.blend", project, content=copy)
    with pytest.raises(BadBlend, match="there is no file"):
        pack(project / "shots/shot.blend", project, content=tmp_path / "gone.blend")
