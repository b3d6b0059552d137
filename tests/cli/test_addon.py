"""The Blender add-on by the command line."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from flamenco_here import Command
from served_farm import Served

NAMES = {"extension": "flamenco_addon-4.0.0.zip", "legacy": "flamenco_addon-legacy-4.0.0.zip"}


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A server that has both packages."""
    folder = tmp_path / "built"
    folder.mkdir()
    for name in NAMES.values():
        with zipfile.ZipFile(folder / name, "w") as archive:
            archive.writestr("inside", name)
    made = Served(tmp_path / "server", addon_dir=folder)
    yield made
    made.close()


def test_both_packages_come_and_it_is_said_how_to_install_them(
    served: Served, flamenco: Command, tmp_path: Path
) -> None:
    said = flamenco("addon", "--to", tmp_path / "here" / "deep").out
    for kind, name in NAMES.items():
        path = tmp_path / "here" / "deep" / name
        assert str(path) in said
        with zipfile.ZipFile(path) as archive:
            assert archive.read("inside") == name.encode()
            below = "flamenco_addon/" if kind == "legacy" else ""
            assert json.loads(archive.read(f"{below}farm.json")) == {"address": served.address}
    assert "Install from Disk" in said
    assert "3.4 to 4.1" in said


@pytest.mark.parametrize(("kind", "other"), [("extension", "legacy"), ("legacy", "extension")])
def test_one_kind_can_be_chosen(served: Served, flamenco: Command, tmp_path: Path, kind: str, other: str) -> None:
    target = tmp_path / "here"
    told = flamenco("addon", f"--{kind}", "--to", target, "--json").json
    assert told == [{"kind": kind, "path": str(target / NAMES[kind])}]
    assert [path.name for path in target.iterdir()] == [NAMES[kind]]


def test_a_folder_that_cannot_be_written_is_one_sentence(served: Served, flamenco: Command, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "cannot be written" in flamenco("addon", "--to", tmp_path / "file" / "below").mistake()


def test_a_server_without_it_says_what_to_do(served: Served, flamenco: Command, tmp_path: Path) -> None:
    for path in (tmp_path / "built").iterdir():
        path.unlink()
    assert "make addon" in flamenco("addon", "--to", tmp_path).mistake()
